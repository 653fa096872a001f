/**
 * The podium of a period that ends while the page is open: the first three as they stood last, and then for good.
 *
 * @import { Entry, Period, Standings } from "./scoreboard-watch.js"
 */

const STEPS = 3;
const TIMEOUT = 5_000;
/** A period is closed 30 s after its end. All who watch ask for its results, once, so they spread over half a minute. */
const CLOSED_AFTER = 32_000;
const SPREAD = 30_000;
/** What is shown is heard to be right at least so often while the page is live. */
const HEARD_EVERY = 20_000;

export class Podium {
    /**
     * @param {HTMLElement} section
     * @param {object} options
     * @param {string} options.language
     * @param {string} options.slug
     * @param {(name: string) => string} options.describe  a period by its name
     */
    constructor(section, { language, slug, describe }) {
        this.section = section;
        this.steps = /** @type {HTMLElement} */ (section.querySelector(".steps"));
        this.template = /** @type {HTMLTemplateElement} */ (section.querySelector("#step"));
        this.link = /** @type {HTMLAnchorElement | null} */ (section.querySelector("h2 a"));
        this.number = new Intl.NumberFormat(language);
        this.slug = slug;
        this.describe = describe;
        this.latest = /** @type {Standings | undefined} */ (undefined);
        this.shown = /** @type {Period | undefined} */ (undefined);
        this.heardAt = -Infinity;
        this.asking = 0;
        this.entries = /** @type {Entry[]} */ ([]);
        this.isPaused = false;
    }

    /** While the page stands still, what has ended is known but not shown. @param {boolean} isPaused */
    pause(isPaused) {
        this.isPaused = isPaused;
        if (this.shown) this.#draw(this.shown);
    }

    /** What was shown until now was right then, by the server's clock. @param {string} asOf */
    hear(asOf) {
        this.heardAt = Date.parse(asOf);
    }

    /** Shows what has ended by the page that came: its own period, or the one before it. @param {Standings} standings */
    follow(standings) {
        const before = this.latest?.period;
        const { period } = standings;
        // A machine that slept for days would show a winner of long ago as the last one.
        if (before && period && before.name !== period.name && before.ends_at === period.starts_at) this.end(Date.parse(period.starts_at));
        this.latest = standings;
        if (!period || (period.state === "open" && period.name !== this.shown?.name)) return;
        // Of one whose time is over, an open one is of its last moment.
        this.#show(standings.entries, period.state === "open" ? { ...period, state: "closing" } : period);
    }

    /** The time of the period that came last is over: its end is known before anybody says so. @param {number} endsAt */
    end(endsAt) {
        const { entries = [], period } = this.latest ?? {};
        if (!period || this.shown?.name === period.name) return;
        if (Date.parse(period.ends_at ?? "") !== endsAt) return; // Of an earlier one, which a page that is paused still shows.
        const isOfTheEnd = Date.parse(period.ends_at ?? "") - this.heardAt < HEARD_EVERY;
        this.#show(isOfTheEnd ? entries : [], { ...period, state: "closing" });
        this.#askLater(isOfTheEnd ? CLOSED_AFTER : 0);
    }

    get #isFinal() {
        return this.shown?.state === "closed";
    }

    /** What was seen last may lack the very last awards: nobody is called a winner for good before the period is closed. @param {number} wait */
    #askLater(wait) {
        clearTimeout(this.asking);
        this.asking = setTimeout(() => void this.#ask(), wait + Math.random() * SPREAD);
    }

    async #ask() {
        const name = this.shown?.name;
        if (this.#isFinal) return; // The socket of a page that names its period has said so.
        try {
            const url = `/api/boards/${this.slug}/${name}?limit=${STEPS}`;
            const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT) });
            const { entries, period } = /** @type {Standings} */ (await answer.json());
            if (name !== this.shown?.name) return; // Another one has ended meanwhile.
            if (period) this.#show(entries, period);
        } catch {
            // Said by the page already, which asks itself: the next try comes.
        }
        if (!this.#isFinal) this.#askLater(SPREAD);
    }

    /** @param {Entry[]} entries @param {Period} period */
    #show(entries, period) {
        this.shown = period;
        this.entries = entries.slice(0, STEPS);
        this.#draw(period);
    }

    /** @param {Period} period */
    #draw(period) {
        if (this.isPaused) return;
        this.section.dataset.state = period.state;
        if (this.link) {
            this.link.textContent = this.describe(period.name);
            this.link.href = `/boards/${this.slug}/${period.name}`;
        }
        this.steps.replaceChildren(...this.entries.map((entry) => this.#step(entry)));
        this.section.hidden = this.entries.length === 0;
    }

    /** @param {Entry} entry */
    #step({ rank, player, name, score }) {
        const step = /** @type {HTMLElement} */ (this.template.content.firstElementChild?.cloneNode(true));
        /** @param {string} selector */
        const part = (selector) => /** @type {HTMLElement} */ (step.querySelector(selector));
        part(".medal").textContent = this.number.format(rank);
        part("bdi").textContent = name;
        part("a").setAttribute("href", `/players/${player}`);
        part(".score").textContent = this.number.format(score);
        return step;
    }
}
