/**
 * A live table of standings: watches, draws at a calm pace, says how fresh it is, tells screen readers the news. For every page
 * that has one.
 *
 * @import { Entry, Freshness, Options, Standings, State } from "./scoreboard-watch.js"
 * @typedef {Omit<Entry, "reached_at">} Placed  as far as the announcer needs it
 * @typedef {HTMLElement & {dataset: Record<State | "paused" | "leads" | "entered" | "lost" | "back" | "new", string>}} Words
 */

import { Pause } from "./pause.js";
import { watch } from "./scoreboard-watch.js";
import { StandingsTable, numbersIn } from "./standings-table.js";
import { Trend } from "./trend.js";

const DRAW_EVERY = 600; // Longer than a glide: no more than an eye can follow, however many changes come.
const SPEAK_EVERY = 12_000;
const COUNT_EVERY = 60_000; // Whoever paused the board is told now and then what they miss, and can read it at any time.
const SIZE = 10; // Of every frame, however few of its rows are shown.
const CLOCK = /** @type {const} */ ({ hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short" });

/** @param {string} selector  of a part that the page always has */
export const part = (selector) => /** @type {HTMLElement} */ (document.querySelector(selector));

export const board = part("#board");
export const words = /** @type {Words} */ (part("#words")).dataset;
const page = document.documentElement.lang;
const own = navigator.languages.find((each) => new RegExp(`^${page}(-[a-z\\d]{2,})*$`, "i").test(each)) ?? page;
/**
 * Words are the page's, formats the reader's own where they read that language: en-GB on an English page. Digits and calendar are
 * those of the server, which knows no region: one page never shows the same number in two scripts.
 */
export const language = new Intl.Locale(own, { calendar: "gregory", numberingSystem: "latn" }).toString();

/**
 * Calls `act` with the newest value: at once when it was quiet, else when `pause` is over.
 *
 * @template T
 * @param {number} pause  milliseconds
 * @param {(newest: T) => void} act
 * @returns {(value: T) => void}
 */
export function paced(pause, act) {
    /** @type {T} */
    let newest;
    let waiting = 0;
    let lastAt = -Infinity;
    const run = () => {
        waiting = 0;
        lastAt = performance.now();
        act(newest);
    };
    return (value) => {
        newest = value;
        waiting ||= setTimeout(run, Math.max(0, lastAt + pause - performance.now()));
    };
}

/**
 * The sentence with its values in place; a name stands apart from the text around it in direction, and is not translated.
 *
 * @param {string} sentence
 * @param {{name: string, [placeholder: string]: string}} values
 */
export function fillIn(sentence, values) {
    const line = document.createElement("span");
    for (const text of sentence.split(/(\{\w+\})/)) {
        line.append(text === "{name}" ? shownName(values.name) : (values[text.slice(1, -1)] ?? text));
    }
    return line;
}

/** @param {string} name */
function shownName(name) {
    const element = document.createElement("bdi");
    element.className = "notranslate";
    element.translate = false;
    element.textContent = name;
    return element;
}

/** What was noticed, who leads and who entered since the last message; nothing else is worth interrupting a reader for. */
class Announcer {
    /** @param {Placed[]} entries */
    constructor(entries) {
        this.place = part("#announcements");
        this.told = entries;
        this.number = numbersIn(language);
        this.connection = "";
        this.news = /** @type {Node | undefined} */ (undefined);
        this.say = paced(SPEAK_EVERY, (/** @type {Placed[]} */ newest) => this.#speak(newest));
    }

    /** @param {Placed[]} entries */
    #speak(entries) {
        const sentences = /** @type {(string | Node)[]} */ ([this.news ?? "", this.connection]);
        const [leader] = entries;
        if (leader && leader.player !== this.told[0]?.player) {
            sentences.push(fillIn(words.leads, { name: leader.name, points: this.number.format(leader.score) }));
        }
        const known = new Set(this.told.map((entry) => entry.player));
        for (const entry of entries.slice(1)) {
            if (!known.has(entry.player)) sentences.push(fillIn(words.entered, { name: entry.name, rank: this.number.format(entry.rank) }));
        }
        this.told = entries;
        this.connection = "";
        this.news = undefined;
        const message = sentences.filter(Boolean).flatMap((sentence) => [sentence, " "]);
        if (message.length > 0) this.place.replaceChildren(...message.slice(0, -1));
    }
}

/** The words, the shape and the age that say how far to trust what is shown. */
export class FreshnessLine {
    constructor() {
        this.state = part(".state");
        this.word = part(".state-word");
        this.time = /** @type {HTMLTimeElement} */ (part(".as-of time"));
        this.date = part(".as-of .date");
        this.age = part(".age");
        this.ago = new Intl.RelativeTimeFormat(language, { style: "short" });
    }

    /** @param {Omit<Freshness, "state"> & {state: State | "paused", note?: string}} freshness  `note` takes the place of the age */
    show({ state, age, asOf, note }) {
        this.state.dataset.state = state;
        this.word.textContent = words[state];
        if (asOf) {
            this.time.dateTime = asOf;
            this.time.textContent = new Date(asOf).toLocaleTimeString(language, CLOCK);
            // Seen on paper alone, where the clock could be of any day.
            this.date.textContent = new Date(asOf).toLocaleDateString(language);
        }
        this.age.textContent = note ?? (state === "live" || age < 2 ? "" : this.#format(age));
    }

    /** @param {number} seconds */
    #format(seconds) {
        if (seconds < 60) return this.ago.format(-seconds, "second");
        if (seconds < 3600) return this.ago.format(-Math.floor(seconds / 60), "minute");
        return this.ago.format(-Math.floor(seconds / 3600), "hour");
    }
}

/** @param {StandingsTable} table @returns {Placed[]}  what the server rendered */
const renderedEntries = (table) =>
    [...table.body.rows].map((row, place) => ({
        rank: place + 1,
        player: row.dataset.player ?? "",
        name: row.querySelector("bdi")?.textContent ?? "",
        score: Number(row.dataset.score),
    }));

/**
 * @typedef {object} Hooks
 * @property {string} [you]  the player whose row is marked as the reader's own
 * @property {(standings: Standings) => Node | undefined | void} [onStandings]  told of each page that is to be shown; may return what
 *   is to be announced
 * @property {(standings: Standings) => void} [onFrame]  told of each page, also while the board stands still
 * @property {(isPaused: boolean) => void} [onPause]  told that it is to stand still, or to move again
 * @property {(freshness: Freshness) => void} [onState]  told how fresh what has come is
 */

/** What the page shows of the standings, and what it knows but does not show while it is paused. */
class LiveBoard {
    /** @param {Hooks} hooks */
    constructor(hooks) {
        this.hooks = hooks;
        this.limit = Number(board.dataset.limit);
        const { limit } = this;
        this.table = new StandingsTable(board, { limit, language, newWord: words.new, you: hooks.you, isAscending: "ascending" in board.dataset });
        this.trend = new Trend(board, { language, limit, newWord: words.new });
        this.entries = renderedEntries(this.table);
        this.drawn = this.entries;
        // Where fewer rows are shown, who stands below them is known only from the first frame on.
        this.all = limit < SIZE ? undefined : this.entries;
        this.trusted = true;
        this.announcer = new Announcer(this.entries);
        this.line = new FreshnessLine();
        this.latest = /** @type {Freshness} */ ({ state: "reconnecting", age: 0, asOf: board.dataset.asOf ?? "" });
        this.pause = new Pause(document.querySelector("#pause"), { language, onToggle: () => this.#toggle() });
        this.draw = paced(DRAW_EVERY, (/** @type {Entry[]} */ newest) => this.pause.isPaused || this.#drawNow(newest));
        this.tellChanges = paced(COUNT_EVERY, () => this.#tellChanges());
        this.trend.draw(this.table.body, this.drawn);
    }

    /** @param {Standings} standings */
    receive(standings) {
        this.hooks.onFrame?.(standings);
        this.all = standings.entries;
        this.#ageTrend(standings.as_of, standings.period?.name ?? "");
        if (!this.pause.isPaused) return this.#show(standings);
        if (this.pause.hold(standings, this.limit)) this.tellChanges(undefined);
        this.#sayFreshness();
    }

    /** @param {Freshness} freshness */
    report(freshness) {
        this.latest = freshness;
        this.#sayFreshness(); // At least once a second, as long as anybody looks.
        this.table.keepTimes();
        this.#ageTrend(freshness.asOf);
        this.hooks.onState?.(freshness);
        const trustworthy = freshness.state === "live" || (this.trusted && freshness.state !== "stale");
        if (trustworthy !== this.trusted) {
            this.announcer.connection = trustworthy ? words.back : words.lost;
            this.announcer.say(this.entries);
        }
        this.trusted = trustworthy;
    }

    /** @param {Standings} standings */
    #show(standings) {
        this.announcer.news = this.hooks.onStandings?.(standings) ?? this.announcer.news;
        const shown = standings.entries.slice(0, this.limit);
        this.entries = shown;
        this.draw(shown);
        this.announcer.say(shown);
    }

    /** @param {Entry[]} newest */
    #drawNow(newest) {
        this.table.draw(newest);
        this.drawn = newest;
        this.trend.draw(this.table.body, newest);
    }

    /** What came is remembered also while nothing moves: or the trend would lack those minutes. @param {string} asOf @param {string} [period] */
    #ageTrend(asOf, period) {
        const isKept = asOf && this.all && this.trend.remember(asOf, this.all, period);
        if (isKept && !this.pause.isPaused) this.trend.draw(this.table.body, this.drawn);
    }

    #sayFreshness() {
        this.line.show(this.pause.isPaused ? this.pause.describe(this.latest) : this.latest);
    }

    #tellChanges() {
        if (!this.pause.isPaused) return;
        this.announcer.news = new Text(this.pause.sentence);
        this.announcer.say(this.entries);
    }

    #toggle() {
        const { isPaused } = this.pause;
        board.classList.toggle("paused", isPaused);
        if (isPaused) {
            // What came in the last moment is of the time that the page says.
            if (this.entries !== this.drawn) this.#drawNow(/** @type {Entry[]} */ (this.entries));
            this.table.settle();
            this.pause.begin(this.entries, this.latest.asOf);
        } else {
            this.trend.draw(this.table.body, this.drawn);
            const newest = this.pause.release();
            if (newest) this.#show(newest);
        }
        this.hooks.onPause?.(isPaused);
        this.#sayFreshness();
    }
}

/**
 * Follows the standings that the page's own element names: the top 10 of everything, or those of a board and period.
 *
 * @param {Hooks} [hooks]
 */
export function followStandings(hooks = {}) {
    const live = new LiveBoard(hooks);
    const { asOf = "", etag, slug, period } = board.dataset;
    watch((standings) => live.receive(standings), {
        url: document.baseURI,
        board: slug,
        period: period || undefined, // Without a name it is the current one, whichever that is.
        initial: { as_of: asOf, etag },
        onState: (freshness) => live.report(freshness),
    });
}
