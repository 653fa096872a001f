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
 * Follows the standings that the page's own element names: the top 10 of everything, or those of a board and period.
 *
 * @param {object} [hooks]
 * @param {string} [hooks.you]  the player whose row is marked as the reader's own
 * @param {(standings: Standings) => Node | undefined | void} [hooks.onStandings]  told of each page that is to be shown; may return
 *   what is to be announced
 * @param {(standings: Standings) => void} [hooks.onFrame]  told of each page, also while nothing is to move
 * @param {(isPaused: boolean) => void} [hooks.onPause]
 * @param {(freshness: Freshness) => void} [hooks.onState]
 */
export function followStandings({ you, onStandings, onFrame, onPause, onState } = {}) {
    const limit = Number(board.dataset.limit);
    const table = new StandingsTable(board, { limit, language, newWord: words.new, you, isAscending: "ascending" in board.dataset });
    const trend = new Trend(board, { language, limit, newWord: words.new });
    let entries = renderedEntries(table);
    // Where fewer rows are shown, who stands below them is known only from the first frame on.
    let all = limit < SIZE ? undefined : /** @type {Placed[]} */ (entries);
    let trusted = true;
    const announcer = new Announcer(entries);
    const freshness = new FreshnessLine();
    let drawn = entries;
    const { asOf = "", etag, slug, period } = board.dataset;
    let latest = /** @type {Freshness} */ ({ state: "reconnecting", age: 0, asOf });
    const drawNow = (/** @type {Entry[]} */ newest) => {
        table.draw(newest);
        drawn = newest;
        trend.draw(table.body, drawn);
    };
    const draw = paced(DRAW_EVERY, (/** @type {Entry[]} */ newest) => pause.isPaused || drawNow(newest));
    const show = (/** @type {Standings} */ standings) => {
        announcer.news = onStandings?.(standings) ?? announcer.news;
        const shown = standings.entries.slice(0, limit);
        entries = shown;
        draw(shown);
        announcer.say(shown);
    };
    const pause = new Pause(document.querySelector("#pause"), {
        language,
        onToggle: () => {
            board.classList.toggle("paused", pause.isPaused);
            if (pause.isPaused) {
                // What came in the last moment is of the time that the page says.
                if (entries !== drawn) drawNow(/** @type {Entry[]} */ (entries));
                table.settle();
                pause.begin(entries, latest.asOf);
            } else {
                trend.draw(table.body, drawn);
                const newest = pause.release();
                if (newest) show(newest);
            }
            onPause?.(pause.isPaused);
            freshness.show(pause.isPaused ? pause.describe(latest) : latest);
        },
    });
    const tellChanges = paced(COUNT_EVERY, () => {
        if (!pause.isPaused) return;
        announcer.news = new Text(pause.sentence);
        announcer.say(entries);
    });
    const ageTrend = (/** @type {string} */ at, /** @type {string | undefined} */ name) => {
        if (at && all && trend.remember(at, all, name) && !pause.isPaused) trend.draw(table.body, drawn);
    };
    trend.draw(table.body, drawn);
    const receive = (/** @type {Standings} */ standings) => {
        onFrame?.(standings);
        all = standings.entries;
        ageTrend(standings.as_of, standings.period?.name ?? "");
        if (!pause.isPaused) return show(standings);
        if (pause.hold(standings, limit)) tellChanges(undefined);
        freshness.show(pause.describe(latest));
    };
    const report = (/** @type {Freshness} */ state) => {
        latest = state;
        freshness.show(pause.isPaused ? pause.describe(state) : state); // At least once a second, as long as anybody looks.
        table.keepTimes();
        ageTrend(state.asOf, undefined);
        onState?.(state);
        const trustworthy = state.state === "live" || (trusted && state.state !== "stale");
        if (trustworthy !== trusted) {
            announcer.connection = trustworthy ? words.back : words.lost;
            announcer.say(entries);
        }
        trusted = trustworthy;
    };
    // Without the name of a period it is the current one, whichever that is.
    watch(receive, { url: document.baseURI, board: slug, period: period || undefined, initial: { as_of: asOf, etag }, onState: report });
    return table;
}
