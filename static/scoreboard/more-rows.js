/**
 * "Show more": rows below the live ones, a page at a time, as they were when they were read.
 *
 * @import { Entry, Standings } from "./scoreboard-watch.js"
 */

import { StandingsTable, numbersIn } from "./standings-table.js";

const ROWS = 50;
const TIMEOUT = 5_000;
const CLOCK = /** @type {const} */ ({ hour: "2-digit", minute: "2-digit", second: "2-digit" });

export class MoreRows {
    /** @param {HTMLElement} board @param {{language: string, added: string, missed: string, isAscending: boolean}} options */
    constructor(board, { language, added, missed, isAscending }) {
        this.place = /** @type {HTMLElement} */ (board.querySelector(".more"));
        this.link = /** @type {HTMLAnchorElement} */ (this.place.querySelector("a"));
        this.note = /** @type {HTMLElement} */ (this.place.querySelector(".more-note"));
        const body = document.createElement("tbody");
        body.className = "below plain";
        board.querySelector(".standings")?.append(body);
        this.table = new StandingsTable(board, { limit: Infinity, language, isAscending, body: ".below" });
        this.words = { added, missed };
        this.language = language;
        this.number = numbersIn(language);
        this.period = "";
        this.entries = /** @type {Entry[]} */ ([]);
        this.top = /** @type {Entry[]} */ ([]);
        this.link.addEventListener("click", (event) => this.#onClick(event));
    }

    /** Whoever has come to the top is not shown below it as well; another period begins with none. @param {Standings} standings */
    follow({ entries, period, next }) {
        const isAnother = this.period !== "" && this.period !== period?.name;
        this.period = period?.name ?? "";
        this.top = entries;
        if (isAnother) {
            this.entries = [];
            this.note.textContent = "";
        }
        if (this.entries.length > 0 || isAnother) this.#draw();
        if (this.entries.length === 0) this.#offer(next);
    }

    /** @param {MouseEvent} event  with a key held down it opens a page of its own, as any link does */
    #onClick(event) {
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        void this.#read();
    }

    async #read() {
        const { pathname, searchParams } = new URL(this.link.href);
        const query = new URLSearchParams({ limit: String(ROWS), after: searchParams.get("after") ?? "" });
        try {
            const answer = await fetch(`/api${pathname}?${query}`, { signal: AbortSignal.timeout(TIMEOUT) });
            if (!answer.ok) throw new Error(answer.statusText);
            this.#add(/** @type {Standings} */ (await answer.json()));
        } catch {
            this.note.textContent = this.words.missed;
        }
    }

    /** @param {Standings} page */
    #add({ as_of: asOf, entries, period, next }) {
        if (this.period !== "" && this.period !== period?.name) return; // It was asked for in the last moment of another one.
        this.entries.push(...entries);
        this.#draw();
        this.#offer(next);
        const [first, last] = [entries[0], entries.at(-1)];
        if (!first || !last) return;
        this.note.textContent = this.words.added
            .replace("{first}", this.number.format(first.rank))
            .replace("{last}", this.number.format(last.rank))
            .replace("{time}", new Date(asOf).toLocaleTimeString(this.language, CLOCK));
    }

    /** @param {string | null} [next]  the cursor to go on from */
    #offer(next) {
        this.link.hidden = !next;
        if (next) this.link.search = new URLSearchParams({ after: next }).toString();
        this.place.hidden = !next && this.entries.length === 0;
    }

    #draw() {
        const above = new Set(this.top.map((entry) => entry.player));
        this.table.draw(this.entries.filter((entry) => !above.has(entry.player)), this.top[0]);
    }
}
