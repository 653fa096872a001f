/**
 * The button that lets a live board stand still (WCAG 2.2.2). What comes meanwhile is kept, the newest only, and counted.
 *
 * @import { Entry, Freshness, Standings } from "./scoreboard-watch.js"
 */

import { numbersIn } from "./standings-table.js";

/**
 * How many changes there are from one frame to the next: players who came among the rows or whose points differ, and rows that
 * went without another in their place. Whoever only makes room for them is none: one award is one change, however far it leads.
 *
 * @param {Omit<Entry, "reached_at">[]} before @param {Omit<Entry, "reached_at">[]} after
 */
function countChanges(before, after) {
    const scores = new Map(before.map(({ player, score }) => [player, score]));
    return after.filter(({ player, score }) => scores.get(player) !== score).length + Math.max(0, before.length - after.length);
}

export class Pause {
    isPaused = false;
    #asOf = "";
    #count = 0;
    #rows = /** @type {Omit<Entry, "reached_at">[]} */ ([]);
    #newest = /** @type {Standings | undefined} */ (undefined);

    /** @param {HTMLButtonElement | null} button  null where nothing can be paused @param {{language: string, onToggle: () => void}} options */
    constructor(button, { language, onToggle }) {
        this.button = button;
        this.number = numbersIn(language);
        this.plural = new Intl.PluralRules(language);
        const word = /** @type {HTMLElement} */ (button?.querySelector(".pause-word"));
        const labels = [word?.textContent, button?.dataset.resume];
        button?.addEventListener("click", () => {
            this.isPaused = !this.isPaused;
            word.textContent = labels[Number(this.isPaused)] ?? "";
            onToggle();
        });
        if (button) button.disabled = false; // Until then, and so without scripts, it is not to be seen.
    }

    /** Begins to count from what is shown. @param {Omit<Entry, "reached_at">[]} shown @param {string} asOf */
    begin(shown, asOf) {
        this.#rows = shown;
        this.#asOf = asOf;
        this.#count = 0;
    }

    /** @param {Standings} standings @param {number} limit  how many of its rows are shown @returns {boolean}  whether there is a change */
    hold(standings, limit) {
        const rows = standings.entries.slice(0, limit);
        const changes = countChanges(this.#rows, rows);
        this.#rows = rows;
        this.#newest = standings;
        this.#count += changes;
        return changes > 0;
    }

    /** @returns {Standings | undefined}  the newest that came meanwhile */
    release() {
        const newest = this.#newest;
        this.#newest = undefined;
        return newest;
    }

    /** Such as "14 changes since". */
    get sentence() {
        const words = this.button?.dataset[this.plural.select(this.#count)] ?? this.button?.dataset.other ?? "";
        return words.replace("{count}", this.number.format(this.#count));
    }

    /**
     * What the page says of its freshness: of when the rows are that stand still; never that they are live. That nothing comes to be
     * counted is said as ever.
     *
     * @param {Freshness} freshness
     * @returns {Omit<Freshness, "state"> & {state: Freshness["state"] | "paused", note: string}}
     */
    describe({ state }) {
        const isHeard = state === "live" || state === "polling";
        return { state: isHeard ? "paused" : state, age: 0, asOf: this.#asOf, note: this.sentence };
    }
}
