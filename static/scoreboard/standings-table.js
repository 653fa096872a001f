/**
 * Draws standings into the table the server rendered: what moved glides, what grew counts up, who rose is marked.
 *
 * @import { Entry } from "./scoreboard-watch.js"
 * @typedef {HTMLTableRowElement & {fading?: number, gliding?: Animation}} Row
 */

const GLIDE = 450;
const MARKED = 4_000;
const stillness = matchMedia("(prefers-reduced-motion: reduce)");

/** The reader's day and time zone, neither of which has to last as long as the page. */
const localDay = () => `${new Date().toDateString()} ${new Date().getTimezoneOffset()}`;

/** @param {ParentNode} whole @param {string} selector */
const partOf = (whole, selector) => /** @type {HTMLElement} */ (whole.querySelector(selector));

/** Grouped also below 10 000, where some languages leave it out and the server cannot. @param {string} language */
export const numbersIn = (language) => new Intl.NumberFormat(language, { useGrouping: "always" });

export class StandingsTable {
    /**
     * @param {HTMLElement} board  holds the table, the note for the empty board and the row template
     * @param {object} options
     * @param {number} options.limit
     * @param {string} options.language
     * @param {string} [options.newWord]  what newcomers are marked with; without it nothing is marked and nothing moves
     * @param {string} [options.you]  whose row is marked as the reader's own
     * @param {boolean} [options.isAscending]  the smallest comes first, as of times
     * @param {string} [options.body]  which part of the table it is drawn into
     */
    constructor(board, { limit, language, newWord, you, isAscending = false, body = "tbody" }) {
        this.body = /** @type {HTMLTableSectionElement} */ (board.querySelector(body));
        this.emptyNote = body === "tbody" ? partOf(board, ".empty") : null;
        this.template = /** @type {HTMLTemplateElement} */ (partOf(board, "#row"));
        this.limit = limit;
        this.newWord = newWord;
        this.you = you;
        this.isAscending = isAscending;
        this.number = numbersIn(language);
        this.language = language;
        // A page may stay open for a season: what left the board is not held on to.
        this.counting = /** @type {WeakMap<Element, number>} */ (new WeakMap());
        this.painting = 0;
        this.isStill = false;
        this.#fillTimes();
        for (const row of this.body.rows) partOf(row, ".number").textContent = this.number.format(Number(row.dataset.score));
        // A touch has no hover to show a long name's title with.
        this.body.addEventListener("click", ({ target }) => /** @type {Element} */ (target).closest("bdi")?.classList.toggle("whole"));
    }

    /** @param {Entry[]} entries @param {Entry} [leader]  who leads, if it is not the first of these */
    draw(entries, leader = entries[0]) {
        const shown = entries.slice(0, this.limit);
        this.#awaitPainting();
        const rows = new Map([...this.body.rows].map((row) => [row.dataset.player, row]));
        const before = new Map([...rows].map(([player, row]) => [player, { top: row.getBoundingClientRect().top, place: row.sectionRowIndex }]));
        const wasEmpty = rows.size === 0;
        const next = shown.map((entry) => {
            const row = /** @type {Row} */ (rows.get(entry.player) ?? this.template.content.firstElementChild?.cloneNode(true));
            this.#fill(row, entry, leader ?? entry);
            return row;
        });
        this.#place(next);
        if (this.emptyNote) this.emptyNote.hidden = shown.length > 0;
        next.forEach((row, place) => {
            const old = before.get(row.dataset.player);
            if (this.newWord === undefined) return;
            if (!old && !wasEmpty) this.#mark(row, this.newWord);
            if (old && old.place > place) this.#mark(row, `▲${this.number.format(old.place - place)}`);
            this.#glide(row, old?.top);
        });
    }

    /** Ends whatever still moves, where it was going to. */
    settle() {
        for (const row of /** @type {Iterable<Row>} */ (this.body.rows)) {
            const number = partOf(row, ".number");
            cancelAnimationFrame(this.counting.get(number) ?? 0);
            number.textContent = this.number.format(Number(row.dataset.score));
            clearTimeout(row.fading);
            row.classList.remove("rose", "gliding");
            row.gliding?.cancel();
        }
    }

    /** A frame out of sight is never painted, and whatever moves would be kept until it is: so nothing does. */
    #awaitPainting() {
        this.isStill = stillness.matches || this.painting !== 0;
        this.painting ||= requestAnimationFrame(() => (this.painting = 0));
    }

    /** Moves only rows that are out of place: a row taken out and put back loses focus and selection. @param {Row[]} next */
    #place(next) {
        const gone = [...this.body.rows].filter((row) => !next.includes(row));
        for (const row of gone) this.#remove(row);
        next.forEach((row, place) => {
            if (this.body.rows[place] !== row) this.body.insertBefore(row, this.body.rows[place] ?? null);
        });
    }

    /** With all that would still change it later, and hold on to it until then. @param {Row} row */
    #remove(row) {
        cancelAnimationFrame(this.counting.get(partOf(row, ".number")) ?? 0);
        clearTimeout(row.fading);
        row.gliding?.cancel();
        row.remove();
    }

    /** @param {Row} row @param {Entry} entry @param {Entry} leader */
    #fill(row, entry, leader) {
        /** @param {string} selector @param {string} text */
        const write = (selector, text) => {
            const element = partOf(row, selector);
            if (element.textContent !== text) element.textContent = text;
            return element;
        };
        row.dataset.player = entry.player;
        if (entry.player === this.you) row.setAttribute("aria-current", "true");
        write(".medal", this.number.format(entry.rank));
        write("bdi", entry.name).title = entry.name;
        row.querySelector(".name a")?.setAttribute("href", `/players/${entry.player}`);
        this.#fillTime(/** @type {HTMLTimeElement} */ (partOf(row, "time")), entry.reached_at);
        this.#count(row, entry.score);
        partOf(row, "rect").setAttribute("width", `${this.#share(entry.score, leader.score)}%`);
    }

    /** How long its bar is, in percent of the leader's. @param {number} score @param {number} first */
    #share(score, first) {
        const share = this.isAscending ? first / score : score / first;
        return Number.isFinite(share) ? Math.round(Math.min(1, Math.max(0, share)) * 100) : 0;
    }

    /** To be called now and then: at midnight today's times become yesterday's, and a reader may come into another time zone. */
    keepTimes() {
        if (localDay() !== this.filledOn) this.#fillTimes();
    }

    #fillTimes() {
        this.filledOn = localDay();
        // A formatter keeps for ever the time zone that it was made in.
        this.clock = new Intl.DateTimeFormat(this.language, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
        this.day = new Intl.DateTimeFormat(this.language, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
        for (const time of this.body.querySelectorAll("time")) this.#fillTime(time, time.dateTime);
    }

    /** @param {HTMLTimeElement} element @param {string} moment */
    #fillTime(element, moment) {
        const date = new Date(moment);
        const today = date.toDateString() === new Date().toDateString();
        const text = /** @type {Intl.DateTimeFormat} */ (today ? this.clock : this.day).format(date);
        element.dateTime = moment;
        if (element.textContent !== text) element.textContent = text;
    }

    /** @param {Row} row @param {number} target */
    #count(row, target) {
        const element = partOf(row, ".number");
        const from = row.dataset.score === "" ? target : Number(row.dataset.score);
        row.dataset.score = String(target);
        cancelAnimationFrame(this.counting.get(element) ?? 0);
        if (from === target || this.isStill) {
            element.textContent = this.number.format(target);
            return;
        }
        const start = performance.now();
        const step = (/** @type {number} */ now) => {
            const done = Math.min(1, Math.max(0, now - start) / GLIDE);
            const eased = 1 - (1 - done) ** 3;
            element.textContent = this.number.format(Math.round(from + (target - from) * eased));
            if (done < 1) this.counting.set(element, requestAnimationFrame(step));
        };
        this.counting.set(element, requestAnimationFrame(step));
    }

    /** @param {Row} row @param {string} text */
    #mark(row, text) {
        partOf(row, ".rise").textContent = text;
        row.classList.add("rose");
        clearTimeout(row.fading);
        row.fading = setTimeout(() => row.classList.remove("rose"), MARKED);
    }

    /**
     * From where the row was seen last, even in the middle of an earlier glide, to where it belongs now.
     *
     * @param {Row} row
     * @param {number} [oldTop]
     */
    #glide(row, oldTop) {
        row.gliding?.cancel();
        row.classList.remove("gliding");
        if (this.isStill) return;
        const way = oldTop === undefined ? row.offsetHeight / 2 : oldTop - row.getBoundingClientRect().top;
        if (Math.abs(way) < 1) return;
        const start = { transform: `translateY(${way}px)`, opacity: oldTop === undefined ? 0 : 1, zIndex: 1 };
        row.gliding = row.animate([start, { transform: "none", opacity: 1, zIndex: 1 }], { duration: GLIDE, easing: "cubic-bezier(0.2, 0.7, 0.2, 1)" });
        row.classList.add("gliding");
        row.gliding.addEventListener("finish", () => row.classList.remove("gliding"));
    }
}
