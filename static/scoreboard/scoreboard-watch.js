/**
 * Live standings with a fallback. Import it from scoreboard-client.js:
 *
 *     import { watch } from "https://scoreboard.example.org/static/scoreboard/scoreboard-client.js";
 *     const watching = watch(({ as_of, entries }) => draw(entries), { onState: ({ state, age }) => show(state, age) });
 *     watching.stop();
 *
 * @import { Cause } from "./origin-check.js"
 * @typedef {{rank: number, player: string, name: string, score: number, reached_at: string}} Entry
 * @typedef {{slug: string, label: string, rule: string, ascending: boolean, span: string, zone: string}} Board
 * @typedef {{name: string, starts_at: string, ends_at: string | null, state: "open" | "closing" | "closed"}} Period
 * @typedef {{as_of: string, entries: Entry[], board?: Board, period?: Period, players?: number, next?: string | null}} Standings
 *   all but the first two only where a board is named
 * @typedef {"live" | "reconnecting" | "polling" | "stale"} State
 *   live: the socket delivers; reconnecting: it is lost, nothing newer is known yet; polling: it is lost, but what
 *   is shown is kept right by asking every few seconds; stale: what is shown may be out of date.
 * @typedef {{state: State, age: number, asOf: string}} Freshness  age: seconds since what is shown was known to be right
 * @typedef {{url?: string | URL, board?: string, period?: string, initial?: {as_of: string, etag?: string},
 *            onState?: (freshness: Freshness) => void, onProblem?: (cause: Cause) => void}} Options
 *   url: any address of the scoreboard's site (default: where this module came from); board, period: the slug of a board
 *   (default: everything since ever) and the name of a period of it (default: the current one, one after another); initial:
 *   what the page already shows; onState: told whenever the state or the age in whole seconds changes; onProblem: told once why
 *   nothing comes, where waiting does not help: `origin_not_allowed`, or the API's own code for a board or period there is not
 * @typedef {{event: "scoreboardUpdate", data: Standings} | {event: "heartbeat", data: {as_of: string}}} Frame
 */

import { HEARTBEAT, Pace, Pulse, jittered } from "./polling-pace.js";

const SILENCE = HEARTBEAT + 2_000;
const LAST_CHANCE = 1_500; // For a socket to deliver what an answer has told already.
const CONNECTING = 4_000; // A proxy that swallows sockets never refuses them.
const LONGEST_PAUSE = 2_000; // With CONNECTING: live again within 6 s, whatever the cause was.
const REFUSED = new Set([1013, 4404]); // Not now, or not there: the server is well, and would say so again.
const LATER = 30_000;
const POLL_TIMEOUT = 3_000;
const CACHED = 1; // Seconds for which caches may keep an answer. The server says an age above that only while its database is away.
const TICK = 500;
const STALE = 10_000; // Three polls have failed by then.
const STALE_WHEN_LIVE = 22_000; // The socket speaks, but of nothing newer than one heartbeat ago.

class Watcher {
    #socket = /** @type {WebSocket | null} */ (null);
    #socketDeadline = 0;
    #nextSocketAt = 0;
    #failures = 0;
    #live = false;
    #pulse = new Pulse();
    #shown = "";

    #poll = /** @type {AbortController | null} */ (null);
    #pace = new Pace();
    #polled = false;

    #asOf = "";
    #etag = "";
    #confirmedAt = 0;
    #reported = "";
    #told = "";
    #isAnswered = false;
    #timer = 0;
    #begunAt = 0;
    #tickedAt = 0;

    /** @param {(standings: Standings) => void} callback @param {Options} options */
    constructor(callback, { url, board, period, initial, onState, onProblem }) {
        this.callback = callback;
        this.onProblem = onProblem ?? (() => {});
        this.onState = onState ?? (() => {});
        const base = new URL(url ?? "/", import.meta.url);
        const place = ["boards", board ?? "", period].filter((step) => step !== undefined).map(encodeURIComponent).join("/");
        this.topUrl = new URL(board ? `/api/${place}` : "/api/score/top", base);
        this.socketUrl = new URL(board ? `/ws/${place}` : "/ws/scoreboard", base);
        this.socketUrl.protocol = base.protocol === "https:" ? "wss:" : "ws:";
        this.#asOf = initial?.as_of ?? "";
        this.#etag = initial?.etag ?? "";
        // What the page came with is as old as the page: by the server's time it would be as wrong as this machine's clock is.
        this.#confirmedAt = Date.now() - (initial ? performance.now() : 0);
        this.events = new AbortController();
    }

    start() {
        const { signal } = this.events;
        document.addEventListener("visibilitychange", () => this.#begin(), { signal });
        addEventListener("pageshow", (event) => event.persisted && this.#begin(), { signal });
        addEventListener("online", () => this.#begin(), { signal });
        // Being "offline" is a guess of the browser's (a board in a hall may need no internet): ask before believing it.
        addEventListener("offline", () => this.#ask(), { signal });
        this.#begin();
    }

    stop() {
        this.events.abort();
        this.#rest();
    }

    /** Trust nothing from before: connect at once, and ask too if that takes long. Rest while nobody looks. */
    #begin() {
        this.#rest();
        this.#failures = 0;
        this.#polled = false;
        this.#begunAt = this.#tickedAt = Date.now();
        if (!document.hidden) {
            this.#timer = setInterval(() => this.#tick(), TICK);
            this.#connect();
            this.#pace.plan(TICK);
        }
        this.#report();
    }

    #rest() {
        clearInterval(this.#timer);
        this.#drop();
        this.#poll?.abort();
        this.#poll = null;
    }

    #tick() {
        const now = Date.now();
        const gap = now - this.#tickedAt;
        this.#tickedAt = now;
        if (gap < 0) this.#pace.forget(); // A time of a clock that was set back since means nothing.
        if (gap < 0 || gap > 8 * TICK) return this.#begin(); // The machine slept, or its clock was set.
        if (this.#socket && now > this.#socketDeadline) this.#lost();
        if (!this.#socket && now >= this.#nextSocketAt) this.#connect();
        if ((!this.#live || this.#isStale()) && this.#pace.isDue(now)) this.#ask();
        if (this.#live && this.#pulse.isDoubtful(now)) this.#doubt();
        this.#report();
    }

    #connect() {
        let socket;
        try {
            socket = new WebSocket(this.socketUrl);
        } catch {
            return this.#lost(); // Forbidden by the page's own policy: polling remains.
        }
        this.#socket = socket;
        this.#socketDeadline = Date.now() + CONNECTING;
        socket.addEventListener("message", (message) => socket === this.#socket && this.#receive(message.data));
        socket.addEventListener("close", ({ code }) => socket === this.#socket && this.#lost(REFUSED.has(code) ? LATER : undefined));
    }

    /** @param {string} text */
    #receive(text) {
        const { event, data } = /** @type {Frame} */ (JSON.parse(text));
        this.#socketDeadline = Date.now() + SILENCE;
        this.#pulse.trust();
        if (event === "scoreboardUpdate") {
            this.#pulse.expectAnother();
            this.#live = true;
            this.#failures = 0;
            this.#etag = ""; // Frames carry no tag: the next question is asked without one.
            this.#accept(data);
        } else if (event === "heartbeat") {
            this.#confirm(data.as_of);
        }
        this.#report();
    }

    async #doubt() {
        this.#pulse.trust();
        const socket = this.#socket;
        const shown = this.#shown;
        const answered = await this.#ask();
        if (this.#live && socket === this.#socket && (answered === false || shown !== this.#shown)) {
            this.#socketDeadline = Math.min(this.#socketDeadline, Date.now() + LAST_CHANCE);
        }
    }

    #drop() {
        const socket = this.#socket;
        this.#socket = null;
        this.#live = false;
        socket?.close();
    }

    /** @param {number} [pause]  milliseconds until the next try */
    #lost(pause = Math.min(LONGEST_PAUSE, 2 ** this.#failures * TICK)) {
        if (this.#live) {
            this.#polled = false;
            this.#pace.plan(jittered(2 * TICK));
        }
        this.#drop();
        this.#nextSocketAt = Date.now() + jittered(pause);
        this.#failures += 1;
        this.#report();
    }

    /** @returns {Promise<boolean | undefined>}  whether anything answered; undefined when a question is under way already */
    async #ask() {
        if (this.#poll || this.#pace.mustWait(Date.now())) return undefined;
        const poll = (this.#poll = new AbortController());
        const timer = setTimeout(() => poll.abort(), POLL_TIMEOUT);
        let isAnswered = false;
        try {
            const headers = /** @type {Record<string, string>} */ (this.#etag ? { "If-None-Match": this.#etag } : {});
            const response = await fetch(this.topUrl, { headers, cache: "no-store", credentials: "same-origin", signal: poll.signal });
            isAnswered = this.#isAnswered = true;
            this.#pace.follow(response);
            await this.#answered(response, poll);
        } catch {
            if (poll === this.#poll) {
                this.#polled = false;
                if (navigator.onLine === false && this.#live) this.#lost();
                if (!this.#isAnswered && this.topUrl.origin !== globalThis.origin) this.#findCause();
            }
        } finally {
            clearTimeout(timer);
            if (poll === this.#poll) {
                this.#poll = null;
                this.#pace.planNext();
                this.#report();
            }
        }
        return isAnswered;
    }

    /** @param {Response} response @param {AbortController} poll */
    async #answered(response, poll) {
        const standings = /** @type {Standings | null} */ (response.status === 200 ? await response.json() : null);
        if (poll !== this.#poll) return;
        this.#polled = response.status === 200 || response.status === 304;
        if (standings) {
            this.#etag = response.headers.get("ETag") ?? "";
            this.#accept(standings);
        } else if (response.status === 304) {
            this.#confirmUnchanged(response);
        } else if (response.status === 404) {
            this.#tell(await response.json());
        }
    }

    async #findCause() {
        const { findRefusedOrigin } = await import("./origin-check.js");
        const cause = await findRefusedOrigin(this.topUrl);
        if (cause && !this.events.signal.aborted) this.#tell(cause);
    }

    /** @param {Cause} cause */
    #tell({ code, detail }) {
        if (code === this.#told) return;
        this.#told = code;
        console.warn("scoreboard:", code, detail);
        this.onProblem({ code, detail });
    }

    /**
     * Another process may answer with a slightly older page than the one shown: the board never goes back in time.
     *
     * @param {Standings} standings
     */
    #accept(standings) {
        const goesBack = standings.as_of < this.#asOf;
        if (goesBack && Date.now() - this.#confirmedAt < HEARTBEAT) return;
        if (goesBack) this.#asOf = ""; // Nothing newer came for long: the server's clock was set back.
        this.#confirm(standings.as_of);
        this.#shown = JSON.stringify({ ...standings, as_of: "" });
        this.callback(standings);
    }

    /**
     * "Unchanged" is as old as the server's knowledge of it, which another site's page may not read: it asks in full next time.
     *
     * @param {Response} response
     */
    #confirmUnchanged({ type, headers }) {
        if (type === "cors") this.#etag = "";
        const sentAt = Date.parse(headers.get("Date") ?? "");
        const isOld = Number(headers.get("Age") ?? 0) > CACHED;
        if (sentAt && !isOld) this.#confirm(new Date(sentAt).toISOString());
    }

    /** A time that does not move on confirms nothing: the server itself may have lost its database. @param {string} asOf */
    #confirm(asOf) {
        if (asOf <= this.#asOf) return;
        this.#asOf = asOf;
        this.#confirmedAt = Date.now();
    }

    /** Whoever comes back to a tab is spared the alarm for as long as a good connection takes. */
    #isStale() {
        const isSettled = Date.now() - this.#begunAt > CONNECTING;
        return isSettled && Date.now() - this.#confirmedAt > (this.#live ? STALE_WHEN_LIVE : STALE);
    }

    #report() {
        const age = Math.max(0, Math.floor((Date.now() - this.#confirmedAt) / 1000));
        const reached = this.#live ? "live" : this.#polled ? "polling" : "reconnecting";
        const state = this.#isStale() ? "stale" : reached;
        const report = `${state} ${age} ${this.#asOf}`;
        if (report === this.#reported) return;
        this.#reported = report;
        this.onState({ state, age, asOf: this.#asOf });
    }
}

/**
 * Watches the standings: by socket, by polling while there is none, resting while the tab is hidden.
 *
 * @param {(standings: Standings) => void} callback  gets the whole top 10 at once and after every change
 * @param {Options} [options]
 * @returns {{stop: () => void}}
 */
export function watch(callback, options = {}) {
    const watcher = new Watcher(callback, options);
    watcher.start();
    return { stop: () => watcher.stop() };
}
