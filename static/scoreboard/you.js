/**
 * Keeps "You are here" right: by the standings while the player is among them, else by asking, calmly.
 *
 * @import { Entry } from "./scoreboard-watch.js"
 * @typedef {{rank: number | null, score: number, next: {name: string, points: number} | null, frozen: boolean}} OwnPlace
 */

import { numbersIn } from "./standings-table.js";

const ASK_EVERY = 5_000; // Others move below the top 10 too, and no frame tells of it.
const ASK_AFTER_NEWS = 2_000;
const TIMEOUT = 5_000;
const STALE = 15_000;
const OWN_ACT = /^scoreboard\.act\.[0-9a-f]+$/; // As scoreboard-client.js keeps them until they are counted.

/** @param {number} milliseconds  spread, so that all who saw the same news do not ask at the same moment */
const jittered = (milliseconds) => milliseconds * (0.8 + Math.random() * 0.4);

export class You {
    /** @param {HTMLElement} section @param {{language: string}} options */
    constructor(section, { language }) {
        this.section = section;
        this.player = section.dataset.player;
        this.number = numbersIn(language);
        this.isAmongTheTop = false;
        this.askedAt = this.confirmedAt = Date.now();
        this.timer = 0;
        this.at = 0;
        document.addEventListener("visibilitychange", () => document.hidden || this.#askIn(0));
        // Another tab of this site had an act counted.
        addEventListener("storage", (event) => OWN_ACT.test(event.key ?? "") && event.newValue === null && this.#askIn(0));
        this.#askIn(jittered(ASK_EVERY));
    }

    /** @param {Entry[]} entries  the whole top 10 */
    follow(entries) {
        const place = entries.findIndex((entry) => entry.player === this.player);
        const own = entries[place];
        this.isAmongTheTop = own !== undefined;
        if (!own) return this.#askIn(Math.max(0, this.askedAt + ASK_AFTER_NEWS - Date.now()) + jittered(500));
        const { rank, score } = own;
        const ahead = entries[place - 1];
        // As many points as theirs would come too late: whoever got there first is ahead.
        this.#show({ rank, score, next: ahead ? { name: ahead.name, points: ahead.score - score + 1 } : null, frozen: false });
    }

    /** @param {number} milliseconds */
    #askIn(milliseconds) {
        const at = Date.now() + milliseconds;
        if (this.timer && this.at <= at) return;
        clearTimeout(this.timer);
        this.at = at;
        this.timer = setTimeout(() => this.#ask(), milliseconds);
    }

    async #ask() {
        this.timer = 0;
        this.askedAt = Date.now();
        if (!document.hidden && !this.isAmongTheTop) {
            const you = await this.#read();
            if (you === null) return this.section.remove(); // Signed out in another tab, or no player any more.
            if (you && !this.isAmongTheTop) this.#show(you);
        }
        if (Date.now() - this.confirmedAt > STALE && !this.isAmongTheTop) this.#toggle("stale", true);
        this.#askIn(jittered(ASK_EVERY));
    }

    /** @returns {Promise<OwnPlace | null | undefined>}  null for nobody, undefined without an answer */
    async #read() {
        try {
            const answer = await fetch("/you", { headers: { Accept: "application/json" }, cache: "no-store", signal: AbortSignal.timeout(TIMEOUT) });
            if (answer.status === 401) return null;
            return answer.ok ? (await answer.json()).you : undefined;
        } catch {
            return undefined;
        }
    }

    /** @param {string} selector */
    #part(selector) {
        return /** @type {HTMLElement} */ (this.section.querySelector(selector));
    }

    /** @param {string} state @param {boolean} shown */
    #toggle(state, shown) {
        this.#part(`[data-when=${state}]`).hidden = !shown;
    }

    /** @param {OwnPlace} place */
    #show({ rank, score, next, frozen }) {
        this.confirmedAt = Date.now();
        /** @param {string} selector @param {string} text */
        const write = (selector, text) => {
            const element = this.#part(selector);
            if (element.textContent !== text) element.textContent = text;
        };
        this.#part("dl").hidden = !rank;
        this.#part(".your-next").hidden = !next;
        write(".your-rank", rank ? this.number.format(rank) : "");
        write(".your-points", this.number.format(score));
        write(".your-next bdi", next?.name ?? "");
        write(".your-distance", next ? this.number.format(next.points) : "");
        this.#toggle("leading", rank === 1);
        this.#toggle("unranked", !rank && !frozen);
        this.#toggle("frozen", frozen);
        this.#toggle("stale", false);
    }
}
