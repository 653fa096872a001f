/**
 * Who rose and who fell in the last minutes, for whoever looks up once: a mark in each row that stays.
 *
 * Reckoned here from what the page has seen, one sample a minute, because frames are the answer of GET top and nothing else, and
 * because so it costs the server nothing for each viewer. What was before the page was opened is on the board's own page, which a
 * process remembers anyway; other boards begin with nothing, and say since when.
 *
 * @import { Entry } from "./scoreboard-watch.js"
 * @typedef {Pick<Entry, "rank" | "player"> & {name?: string}} Placed
 * @typedef {{at: number, places: Map<string, {rank: number, name: string}>}} Sample  `at` by the server's clock
 * @typedef {{players: string[], samples: [number, number[]][]}} Past  as scores/pages/trend.py writes it
 * @typedef {HTMLElement & {dataset: Record<"since" | "up" | "down" | "entered" | "left", string>}} Note
 */

import { numbersIn } from "./standings-table.js";

const MINUTE = 60_000;
const SINCE = 15 * MINUTE;
/** Of strings and numbers only: nothing of a row is held on to. Samples come a little later than their minute. */
const KEPT = SINCE + 2 * MINUTE;

/** @param {string} sentence @param {Record<string, string>} values */
const fill = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

export class Trend {
    /** @param {HTMLElement} board @param {{language: string, limit: number, newWord: string}} options */
    constructor(board, { language, limit, newWord }) {
        this.note = /** @type {Note | null} */ (board.querySelector(".trend-note"));
        this.limit = limit;
        this.newWord = newWord;
        this.number = numbersIn(language);
        this.list = new Intl.ListFormat(language, { type: "unit" });
        this.now = Date.parse(board.dataset.asOf ?? "");
        this.period = "";
        this.samples = this.#readPast(board.dataset.past);
    }

    /** @param {string} [text] @returns {Sample[]} */
    #readPast(text) {
        const { players, samples } = /** @type {Past} */ (JSON.parse(text ?? '{"players": [], "samples": []}'));
        return samples.map(([ago, order]) => ({
            at: this.now - 1_000 * ago,
            places: new Map(order.map((number, place) => [players[number] ?? "", { rank: place + 1, name: "" }])),
        }));
    }

    /**
     * Keeps who stands where, once a minute; another period begins with nothing.
     *
     * @param {string} asOf
     * @param {Placed[]} entries  all of them, also those below what is shown
     * @param {string} [period]
     * @returns {boolean}  whether it was kept, and so what is shown may have aged
     */
    remember(asOf, entries, period = this.period) {
        this.now = Date.parse(asOf);
        const kept = period === this.period ? this.samples : [];
        this.period = period;
        this.samples = kept.filter(({ at }) => at <= this.now && this.now - at <= KEPT);
        if (this.now - (this.samples.at(-1)?.at ?? -Infinity) < MINUTE) return false;
        this.samples.push({ at: this.now, places: new Map(entries.map(({ player, rank, name }) => [player, { rank, name: name ?? "" }])) });
        return true;
    }

    /** The newest sample that is old enough; while there is none, the oldest. */
    #find() {
        const old = this.samples.filter(({ at }) => this.now - at >= SINCE);
        return old.at(-1) ?? this.samples.find(({ at }) => this.now - at >= MINUTE);
    }

    /** @param {HTMLTableSectionElement} body @param {Placed[]} shown */
    draw(body, shown) {
        if (!this.note) return;
        const before = this.#find();
        // Where nobody stood, everybody is new, which says nothing of anybody.
        const places = before?.places.size ? before.places : undefined;
        const minutes = this.number.format(Math.floor((this.now - (before?.at ?? this.now)) / MINUTE));
        const ranks = new Map(shown.map(({ player, rank }) => [player, rank]));
        for (const row of body.rows) {
            const rank = ranks.get(row.dataset.player ?? "") ?? 0;
            this.#mark(row, places && rank ? (places.get(row.dataset.player ?? "")?.rank ?? Infinity) - rank : 0, minutes);
        }
        this.#write(".trend-since", [places ? fill(this.note.dataset.since, { minutes }) : ""]);
        const left = [...(places ?? [])].filter(([player, { rank, name }]) => name && rank <= this.limit && !ranks.has(player));
        this.#write(".trend-left", left.length > 0 ? this.#sayLeft(left.map(([, { name }]) => name)) : [""]);
    }

    /** @param {Element} row @param {number} way  how many places up, or down below 0; no end of them for who was not there @param {string} minutes */
    #mark(row, way, minutes) {
        const trend = /** @type {HTMLElement | null} */ (row.querySelector(".trend"));
        const words = this.note?.dataset;
        if (!trend || !words) return;
        const count = this.number.format(Math.abs(way));
        const [name, mark, sentence] =
            way === 0 ? ["", "", ""]
            : way === Infinity ? ["new", this.newWord, words.entered]
            : way > 0 ? ["up", `▲${count}`, words.up]
            : ["down", `▼${count}`, words.down];
        const texts = [mark, fill(sentence, { count, minutes })];
        trend.dataset.way = name;
        [...trend.children].forEach((part, place) => {
            if (part.textContent !== texts[place]) part.textContent = texts[place] ?? "";
        });
    }

    /** @param {string[]} names @returns {(string | Node)[]} */
    #sayLeft(names) {
        const sentence = fill(this.note?.dataset.left ?? "", { count: this.number.format(this.limit) });
        const parts = this.list.formatToParts(names).map(({ type, value }) => {
            if (type === "literal") return value;
            const name = document.createElement("bdi");
            name.className = "notranslate";
            name.translate = false;
            name.textContent = value;
            return name;
        });
        return [`${sentence} `, ...parts];
    }

    /** @param {string} selector @param {(string | Node)[]} parts */
    #write(selector, parts) {
        this.note?.querySelector(selector)?.replaceChildren(...parts);
    }
}
