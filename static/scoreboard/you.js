/**
 * Keeps "You are here" right: by the standings while the player is among them, else by asking, calmly.
 *
 * @import { Entry } from "./scoreboard-watch.js"
 * @typedef {Omit<Entry, "reached_at">} Neighbour
 * @typedef {{rank: number | null, score: number, next: {name: string, points: number} | null, frozen: boolean,
 *            above: Neighbour[], below: Neighbour[]}} OwnPlace
 */

import { paced } from "./live-board.js";
import { numbersIn } from "./standings-table.js";

const ASK_EVERY = 5_000; // Others move below the top 10 too, and no frame tells of it.
const ASK_AFTER_NEWS = 2_000;
const TIMEOUT = 5_000;
const STALE = 15_000;
const SPEAK_EVERY = 20_000; // On a busy board the own rank changes by the second.
const NEIGHBOURS = 2; // Each way, as the server sends them.
const SIZE = 10; // Of every frame.
const OWN_ACT = /^scoreboard\.act\.[0-9a-f]+$/; // As scoreboard-client.js keeps them until they are counted.

/** @param {number} milliseconds  spread, so that all who saw the same news do not ask at the same moment */
const jittered = (milliseconds) => milliseconds * (0.8 + Math.random() * 0.4);

export class You {
    /** @param {HTMLElement} section @param {{language: string}} options */
    constructor(section, { language }) {
        this.section = section;
        this.player = section.dataset.player;
        this.number = numbersIn(language);
        this.isKnown = false; // By the standings alone: nothing is to be asked.
        this.isPaused = false;
        this.below = /** @type {Neighbour[]} */ ([]);
        this.told = this.rank = Number(section.dataset.rank) || null;
        this.say = paced(SPEAK_EVERY, () => this.#speak());
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
        this.isKnown = own !== undefined && (entries.length < SIZE || place + NEIGHBOURS < entries.length);
        if (!this.isKnown) this.#askIn(Math.max(0, this.askedAt + ASK_AFTER_NEWS - Date.now()) + jittered(500));
        if (!own) return;
        const { rank, score } = own;
        const ahead = entries[place - 1];
        // Of who stands below the top the last word is kept until the next one comes; not of who has come into it.
        const lower = entries.length < SIZE ? [] : this.below.filter((each) => each.rank > SIZE && entries.every(({ player }) => player !== each.player));
        this.#show({
            rank,
            score,
            // As many points as theirs would come too late: whoever got there first is ahead.
            next: ahead ? { name: ahead.name, points: ahead.score - score + 1 } : null,
            frozen: false,
            above: entries.slice(Math.max(0, place - NEIGHBOURS), place),
            below: [...entries.slice(place + 1), ...lower].slice(0, NEIGHBOURS),
        });
    }

    /** While the page stands still, so does this; then the newest comes at once. @param {boolean} isPaused */
    pause(isPaused) {
        this.isPaused = isPaused;
        if (!isPaused) this.#askIn(0);
    }

    /** The newest rank where it is another than was told last: one that came back to what it was is no news. */
    #speak() {
        if (this.rank && this.rank !== this.told) {
            const news = this.#part("#own-news");
            news.textContent = (news.dataset.say ?? "").replace("{rank}", this.number.format(this.rank));
        }
        this.told = this.rank;
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
        if (!document.hidden && !this.#isSettled) {
            const you = await this.#read();
            if (you === null) return this.section.remove(); // Signed out in another tab, or no player any more.
            if (you && !this.#isSettled) this.#show(you);
        }
        if (Date.now() - this.confirmedAt > STALE && !this.#isSettled) this.#toggle("stale", true);
        this.#askIn(jittered(ASK_EVERY));
    }

    get #isSettled() {
        return this.isKnown || this.isPaused;
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
    #show({ rank, score, next, frozen, above, below }) {
        this.confirmedAt = Date.now();
        this.below = below;
        if (rank !== this.rank) {
            this.rank = rank;
            this.say(undefined);
        }
        this.#showNeighbours([...above, ...below]);
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

    /** @param {Neighbour[]} neighbours */
    #showNeighbours(neighbours) {
        const list = this.#part(".neighbours");
        const template = /** @type {HTMLTemplateElement} */ (this.#part("#neighbour"));
        list.hidden = neighbours.length === 0;
        // Lines are kept where they are: one that is replaced loses focus and selection.
        while (list.children.length > neighbours.length) list.lastElementChild?.remove();
        neighbours.forEach(({ rank, player, name, score }, place) => {
            const line = list.children[place] ?? list.appendChild(/** @type {Element} */ (template.content.firstElementChild?.cloneNode(true)));
            line.querySelector("a")?.setAttribute("href", `/players/${player}`);
            const texts = { ".their-rank": this.number.format(rank), bdi: name, ".number": this.number.format(score) };
            for (const [selector, text] of Object.entries(texts)) {
                const part = /** @type {Element} */ (line.querySelector(selector));
                if (part.textContent !== text) part.textContent = text;
            }
        });
    }
}
