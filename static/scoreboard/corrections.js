/**
 * Keeps the notice of corrections current. No frame tells of one, but most show: points are taken or a place is gone, as no play
 * takes them. So it asks soon after that, and otherwise now and then.
 *
 * @import { Entry } from "./scoreboard-watch.js"
 * @typedef {{kind: string, count: number, at: string}} Notice
 */

import { fillIn, language } from "./live-board.js";

const ASK_EVERY = 120_000;
const ASK_AFTER_NEWS = 2_000; // The server keeps what it read for a second.
const SHORTEST_PAUSE = 30_000; // A hundred acts voided one by one are one question.
const TIMEOUT = 5_000;
const SHOWN = 3;

/** @param {number} milliseconds  spread, so that all who saw the same news do not ask at the same moment */
const jittered = (milliseconds) => milliseconds * (1 + Math.random() / 2);

/**
 * Whether somebody has fewer points than before, or left from above the last place that is shown.
 *
 * @param {Entry[]} before @param {Entry[]} after
 */
function looksCorrected(before, after) {
    const scores = new Map(after.map(({ player, score }) => [player, score]));
    const last = after.at(-1)?.score ?? 0;
    return before.some(({ player, score }) => (scores.get(player) ?? (after.length < before.length ? -1 : last)) < score);
}

export class Corrections {
    #entries = /** @type {Entry[]} */ ([]);
    #etag = "";
    #askedAt = -Infinity;
    #timer = 0;
    #dueAt = Infinity;
    #isPaused = false;

    /** @param {HTMLElement} section */
    constructor(section) {
        this.section = section;
        this.list = /** @type {HTMLElement} */ (section.querySelector("ul"));
        this.clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
        this.number = new Intl.NumberFormat(language);
        for (const time of section.querySelectorAll("time")) time.textContent = this.clock.format(new Date(time.dateTime));
        document.addEventListener("visibilitychange", () => document.hidden || this.#askIn(0));
        this.#askIn(jittered(ASK_EVERY));
    }

    /** @param {Entry[]} entries  the whole top 10 */
    follow(entries) {
        if (looksCorrected(this.#entries, entries)) this.#askIn(jittered(ASK_AFTER_NEWS));
        this.#entries = entries;
    }

    /** While the page stands still, so does the notice. @param {boolean} isPaused */
    pause(isPaused) {
        this.#isPaused = isPaused;
        if (!isPaused) this.#askIn(0);
    }

    /** @param {number} milliseconds */
    #askIn(milliseconds) {
        const now = Date.now();
        const at = Math.max(now + milliseconds, this.#askedAt + SHORTEST_PAUSE);
        if (at >= this.#dueAt) return;
        clearTimeout(this.#timer);
        this.#dueAt = at;
        this.#timer = setTimeout(() => this.#ask(), at - now);
    }

    async #ask() {
        this.#dueAt = Infinity;
        this.#askedAt = Date.now();
        if (!document.hidden && !this.#isPaused) {
            const notices = await this.#read();
            if (notices && !this.#isPaused) this.#show(notices.slice(0, SHOWN));
        }
        this.#askIn(jittered(ASK_EVERY));
    }

    /** @returns {Promise<Notice[] | undefined>}  undefined where nothing is new, or nothing came */
    async #read() {
        try {
            const headers = /** @type {Record<string, string>} */ (this.#etag ? { "If-None-Match": this.#etag } : {});
            const response = await fetch("/api/corrections", { headers, cache: "no-store", signal: AbortSignal.timeout(TIMEOUT) });
            if (response.status !== 200) return undefined;
            this.#etag = response.headers.get("ETag") ?? "";
            return (await response.json()).corrections;
        } catch {
            return undefined;
        }
    }

    /** @param {Notice[]} notices */
    #show(notices) {
        this.list.replaceChildren(...notices.map((notice) => this.#line(notice)));
        this.section.hidden = notices.length === 0;
    }

    /** @param {Notice} notice */
    #line({ kind, count, at }) {
        const line = document.createElement("li");
        const time = document.createElement("time");
        time.dateTime = at;
        time.textContent = this.clock.format(new Date(at));
        line.append(time, " ", fillIn(this.section.dataset[kind] ?? "", { name: "", count: this.number.format(count) }));
        return line;
    }
}
