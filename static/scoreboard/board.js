/**
 * The board page and the embed: watches, draws at a calm pace, says how fresh it is, tells screen readers the news.
 *
 * @import { Entry, Freshness, Standings, State } from "./scoreboard-watch.js"
 * @typedef {Omit<Entry, "reached_at">} Placed  as far as the announcer needs it
 * @typedef {HTMLElement & {dataset: Record<State | "leads" | "entered" | "lost" | "back" | "new", string>}} Words
 */

import { watch } from "./scoreboard-watch.js";
import { StandingsTable } from "./standings-table.js";

const DRAW_EVERY = 600; // Longer than a glide: no more than an eye can follow, however many changes come.
const SPEAK_EVERY = 12_000;
const CLOCK = /** @type {const} */ ({ hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** @param {string} selector  of a part that the page always has */
const part = (selector) => /** @type {HTMLElement} */ (document.querySelector(selector));

const board = part("#board");
const words = /** @type {Words} */ (part("#words")).dataset;
const section = /** @type {HTMLElement | null} */ (document.querySelector("#you"));
const language = document.documentElement.lang;
const limit = Number(board.dataset.limit);
const table = new StandingsTable(board, { limit, language, newWord: words.new, you: section?.dataset.player });

/**
 * Calls `act` with the newest value: at once when it was quiet, else when `pause` is over.
 *
 * @template T
 * @param {number} pause  milliseconds
 * @param {(newest: T) => void} act
 * @returns {(value: T) => void}
 */
function paced(pause, act) {
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
function fillIn(sentence, values) {
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

/** Who leads and who entered since the last message; nothing else is worth interrupting a reader for. */
class Announcer {
    /** @param {Placed[]} entries */
    constructor(entries) {
        this.place = part("#announcements");
        this.told = entries;
        this.number = new Intl.NumberFormat(language);
        this.connection = "";
        this.say = paced(SPEAK_EVERY, (/** @type {Placed[]} */ newest) => this.#speak(newest));
    }

    /** @param {Placed[]} entries */
    #speak(entries) {
        const sentences = /** @type {(string | Node)[]} */ ([this.connection]);
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
        const message = sentences.filter(Boolean).flatMap((sentence) => [sentence, " "]);
        if (message.length > 0) this.place.replaceChildren(...message.slice(0, -1));
    }
}

/** The words, the shape and the age that say how far to trust what is shown. */
class FreshnessLine {
    constructor() {
        this.state = part(".state");
        this.word = part(".state-word");
        this.time = /** @type {HTMLTimeElement} */ (part(".as-of time"));
        this.age = part(".age");
        this.ago = new Intl.RelativeTimeFormat(language, { style: "short" });
    }

    /** @param {Freshness} freshness */
    show({ state, age, asOf }) {
        this.state.dataset.state = state;
        this.word.textContent = words[state];
        if (asOf) {
            this.time.dateTime = asOf;
            this.time.textContent = new Date(asOf).toLocaleTimeString(language, CLOCK);
        }
        this.age.textContent = state === "live" || age < 2 ? "" : this.#format(age);
    }

    /** @param {number} seconds */
    #format(seconds) {
        if (seconds < 60) return this.ago.format(-seconds, "second");
        if (seconds < 3600) return this.ago.format(-Math.floor(seconds / 60), "minute");
        return this.ago.format(-Math.floor(seconds / 3600), "hour");
    }
}

/** @returns {Placed[]}  what the server rendered */
const renderedEntries = () =>
    [...table.body.rows].map((row, place) => ({
        rank: place + 1,
        player: row.dataset.player ?? "",
        name: row.querySelector("bdi")?.textContent ?? "",
        score: Number(row.dataset.score),
    }));

/** Only who is signed in loads what keeps their own place. @param {HTMLElement} ownPlace */
async function followYou(ownPlace) {
    const { You } = await import("./you.js");
    return new You(ownPlace, { language });
}

function followStandings() {
    let entries = renderedEntries();
    let trusted = true;
    const announcer = new Announcer(entries);
    const freshness = new FreshnessLine();
    const draw = paced(DRAW_EVERY, (/** @type {Entry[]} */ newest) => table.draw(newest));
    const you = section && followYou(section);
    const onStandings = (/** @type {Standings} */ standings) => {
        you?.then((loaded) => loaded.follow(standings.entries));
        const shown = standings.entries.slice(0, limit);
        entries = shown;
        draw(shown);
        announcer.say(shown);
    };
    const onState = (/** @type {Freshness} */ report) => {
        freshness.show(report); // At least once a second, as long as anybody looks.
        table.keepTimes();
        const trustworthy = report.state === "live" || (trusted && report.state !== "stale");
        if (trustworthy !== trusted) {
            announcer.connection = trustworthy ? words.back : words.lost;
            announcer.say(entries);
        }
        trusted = trustworthy;
    };
    watch(onStandings, {
        url: document.baseURI,
        initial: { as_of: board.dataset.asOf ?? "", etag: board.dataset.etag },
        onState,
    });
}

function offerSnippet() {
    const button = /** @type {HTMLButtonElement | null} */ (document.querySelector("#copy"));
    button?.addEventListener("click", async () => {
        const snippet = part("#snippet");
        getSelection()?.selectAllChildren(snippet);
        // Only pages over HTTPS may write to the clipboard; elsewhere the text stands selected, ready for the keyboard.
        await navigator.clipboard?.writeText(snippet.textContent);
        if (navigator.clipboard) button.textContent = button.dataset.done ?? "";
    });
}

followStandings();
offerSnippet();
