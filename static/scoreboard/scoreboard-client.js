/**
 * Scoreboard client: earn points and follow the standings from any page. No dependencies.
 *
 *     <script type="module">
 *         import { ScoreboardClient, watch } from "https://scoreboard.example.org/static/scoreboard/scoreboard-client.js";
 *
 *         watch(({ entries }) => console.table(entries));
 *
 *         const client = new ScoreboardClient({ tokens: { access, refresh }, onTokens: remember });
 *         const { score } = await client.update({ action: "daily-quiz" });
 *     </script>
 *
 * An act is kept in the browser's storage, under the idempotency key made for it once, until the server has answered it.
 * So it may be sent as often as it takes, after a lost connection, a timeout or a reload of the page: it counts once.
 *
 * @typedef {{action: string} | {receipt: string}} Act
 * @typedef {{access: string, refresh?: string}} Tokens
 * @typedef {{player: {id: string, name: string}, action: string, delta: number, score: number, verified: boolean,
 *            replayed: boolean, entry: {seq: number, mac: string}}} Result
 * @typedef {{status?: number, code?: string, title?: string, detail?: string, errors?: {field: string, detail: string}[]}} Problem
 * @typedef {{key: string, player: string, act: Act}} Kept
 * @typedef {Pick<Storage, "length" | "key" | "getItem" | "setItem" | "removeItem">} Store
 * @typedef {Partial<Result & Tokens & Problem>} Body
 * @typedef {{answer?: {ok?: boolean, status: number, headers: Headers}, body?: Body}} Exchange
 *   without an answer when none came, or none that could be read
 */

import { findRefusedOrigin } from "./origin-check.js";

export { watch } from "./scoreboard-watch.js";

const TOKEN = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const PREFIX = "scoreboard.act.";
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 30_000;
const WORTH_REPEATING = new Set([408, 500, 502, 503, 504]); // The key makes any repetition safe; these may end otherwise.

/** What every error of this module is. `code` is the API's stable code, `status` its HTTP status (0: none was received). */
export class ScoreboardError extends Error {
    /** @param {Problem} [problem] */
    constructor(problem = {}) {
        super(problem.detail || problem.title || "The scoreboard did not answer.");
        this.name = new.target.name;
        this.status = problem.status ?? 0;
        this.code = problem.code ?? "no_answer";
        this.errors = problem.errors ?? [];
    }
}

/** The server's answer is no, and would be again: unknown action, bad receipt, frozen player. The act is forgotten. */
export class RefusedError extends ScoreboardError {}

/** Too soon or too often (`rate_limited`, `cooldown`, `daily_cap`), for longer than the client waits. The act is forgotten. */
export class LimitedError extends ScoreboardError {
    /** @param {Problem | undefined} problem @param {number} retryAfter */
    constructor(problem, retryAfter) {
        super(problem);
        /** Seconds until it may be tried again. */
        this.retryAfter = retryAfter;
    }
}

/** The player must sign in again. The act is kept, and sent once tokens of the same player are set. */
export class SignInError extends ScoreboardError {}

/** The scoreboard lets no page of this origin use it. The act is kept, and sent by the next client once it does. */
export class OriginError extends ScoreboardError {}

/** The client was stopped first. The act is kept, and sent by the next client of the same player. */
export class StoppedError extends ScoreboardError {}

export class ScoreboardClient {
    #tokens = /** @type {Tokens} */ ({ access: "" });
    #refreshing = /** @type {Promise<Exchange> | null} */ (null);
    #turn = /** @type {Promise<unknown>} */ (Promise.resolve());
    #underway = /** @type {Map<string, Promise<Result>>} */ (new Map());
    #stop = new AbortController();
    #isAnswered = false;

    /**
     * @param {object} options
     * @param {Tokens} options.tokens  as given by POST /api/token
     * @param {(tokens: Tokens) => void} [options.onTokens]  gets each new pair: a refresh token works only once
     * @param {string | URL} [options.url]  any address of the scoreboard's site (default: where this module came from)
     * @param {number} [options.timeout]  milliseconds for one request
     * @param {number} [options.patience]  the longest Retry-After, in seconds, that is waited out
     * @param {(result: Result, act: Act) => void} [options.onResult]  also for acts of before a reload
     * @param {(error: ScoreboardError, act: Act) => void} [options.onError]  also for acts of before a reload
     * @param {Store} [options.storage]  where acts wait
     * @param {Pick<Console, "warn">} [options.log]
     */
    constructor({ tokens, onTokens, url, timeout = 10_000, patience = 60, onResult, onError, storage, log = console }) {
        this.base = new URL(url ?? "/", import.meta.url);
        this.timeout = timeout;
        this.patience = patience;
        this.onTokens = onTokens ?? (() => {});
        this.onResult = onResult ?? (() => {});
        this.onError = onError ?? (() => {});
        this.storage = storage ?? browserStorage();
        this.log = log;
        this.setTokens(tokens);
    }

    /**
     * After a sign-in: the acts of this player that still wait are sent. Throws a SignInError for an access token that is none.
     *
     * @param {Tokens} tokens
     */
    setTokens(tokens) {
        const player = playerOf(tokens.access);
        this.#tokens = tokens;
        for (const kept of keptActs(this.storage)) {
            // An act belongs to whoever did it, not to whoever uses this browser next.
            if (kept.player === player) this.#deliver(kept).catch(() => {}); // Told to onError and the log already.
        }
    }

    /**
     * Credits one act. Resolves when it counts; rejects with a ScoreboardError when it does not.
     *
     * @param {Act} act  a self-reported action of the catalogue, or a receipt by the backend where it took place
     * @returns {Promise<Result>}
     */
    async update(act) {
        const [name = "", ...others] = Object.keys(act);
        if (others.length > 0 || !["action", "receipt"].includes(name) || typeof Object.values(act)[0] !== "string") {
            throw new TypeError('An act is {action: "slug"} or {receipt: "text"}.');
        }
        const kept = { key: newKey(), player: playerOf(this.#tokens.access), act: { ...act } };
        keep(this.storage, kept);
        return this.#deliver(kept);
    }

    /** Ends all sending. What waits stays in the storage. */
    stop() {
        this.#stop.abort();
    }

    /** @param {Kept} kept */
    #deliver(kept) {
        const underway = this.#underway.get(kept.key);
        const delivery = underway ?? this.#untilAnswered(kept).finally(() => this.#underway.delete(kept.key));
        this.#underway.set(kept.key, delivery);
        return delivery;
    }

    /** @param {Kept} kept */
    async #untilAnswered(kept) {
        try {
            const result = await this.#repeat(kept);
            forget(this.storage, kept);
            this.onResult(result, kept.act);
            return result;
        } catch (thrown) {
            const error = /** @type {ScoreboardError} */ (thrown);
            if (error instanceof RefusedError || error instanceof LimitedError) forget(this.storage, kept);
            this.log.warn("scoreboard:", error.name, error.code, error.message);
            this.onError(error, kept.act);
            throw error;
        }
    }

    /** @param {Kept} kept */
    async #repeat(kept) {
        for (let attempt = 0; ; attempt += 1) {
            const { answer, body } = await this.#inTurn(() => this.#send(kept));
            if (answer?.ok) return /** @type {Result} */ (body);
            const retryAfter = Number(answer?.headers.get("Retry-After") ?? 0);
            if (answer?.status === 401) throw new SignInError(body);
            if (answer?.status === 429 && !(retryAfter <= this.patience)) throw new LimitedError(body, retryAfter);
            if (answer && answer.status !== 429 && !WORTH_REPEATING.has(answer.status)) throw new RefusedError(body);
            const growing = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** attempt);
            const pause = Math.max(1000 * Math.min(retryAfter, this.patience) || 0, growing * (0.5 + Math.random() / 2));
            await rest(pause, { signal: this.#stop.signal, wakeOnline: !answer });
        }
    }

    /**
     * One request at a time: acts that gathered offline do not run into the rate limit all at once.
     *
     * @param {() => Promise<Exchange>} send
     */
    #inTurn(send) {
        const sent = this.#turn.then(send);
        this.#turn = sent.catch(() => {});
        return sent;
    }

    /** @param {Kept} kept @returns {Promise<Exchange>} */
    async #send(kept) {
        const tokens = this.#tokens;
        if (playerOf(tokens.access) !== kept.player) throw new SignInError({ code: "another_player", detail: "Another player signed in meanwhile." });
        const attempt = () =>
            this.#request("PATCH", "/api/score/update", kept.act, {
                Authorization: `Bearer ${this.#tokens.access}`,
                "Idempotency-Key": kept.key,
            });
        const first = await attempt();
        if (first.answer?.status !== 401 || !tokens.refresh) return first;
        const { answer, body } = await this.#refresh();
        if (answer?.ok) return attempt();
        const mayWorkLater = !answer || answer.status === 429 || answer.status >= 500;
        return mayWorkLater ? {} : { answer: { status: 401, headers: answer.headers }, body };
    }

    /** Of many at once only one refresh may be sent: the token works once. */
    #refresh() {
        this.#refreshing ??= this.#exchange().finally(() => (this.#refreshing = null));
        return this.#refreshing;
    }

    async #exchange() {
        const refreshed = await this.#request("POST", "/api/token/refresh", { refresh: this.#tokens.refresh }, {});
        if (refreshed.answer?.ok) {
            this.#tokens = /** @type {Tokens} */ (refreshed.body);
            this.onTokens(this.#tokens);
        }
        return refreshed;
    }

    /**
     * @param {"PATCH" | "POST"} method
     * @param {string} path
     * @param {Act | {refresh?: string}} body
     * @param {Record<string, string>} headers
     * @returns {Promise<Exchange>}
     */
    async #request(method, path, body, headers) {
        if (this.#stop.signal.aborted) throw new StoppedError({ code: "stopped", detail: "The client was stopped." });
        const request = new AbortController();
        const timer = setTimeout(() => request.abort(), this.timeout);
        try {
            const answer = await fetch(new URL(path, this.base), {
                method,
                headers: { "Content-Type": "application/json", Accept: "application/json", ...headers },
                body: JSON.stringify(body),
                cache: "no-store",
                credentials: "omit",
                signal: request.signal,
            });
            this.#isAnswered = true;
            const text = await answer.text();
            return { answer, body: parsed(text, answer) };
        } catch (error) {
            this.log.warn("scoreboard: no answer:", /** @type {Error} */ (error).message);
            const cause = this.#isAnswered ? null : await findRefusedOrigin(this.base);
            if (cause) throw new OriginError(cause);
            return {};
        } finally {
            clearTimeout(timer);
        }
    }
}

/**
 * An answer 200 that is not JSON is some proxy's page, not the scoreboard's word: as good as no answer.
 *
 * @param {string} text
 * @param {Response} answer
 * @returns {Body}
 */
function parsed(text, answer) {
    try {
        return JSON.parse(text);
    } catch (error) {
        if (answer.ok) throw error;
        return { status: answer.status, code: "unknown", title: answer.statusText };
    }
}

/**
 * @param {number} milliseconds
 * @param {{signal: AbortSignal, wakeOnline: boolean}} options
 * @returns {Promise<void>}
 */
function rest(milliseconds, { signal, wakeOnline }) {
    return new Promise((resolve, reject) => {
        const done = new AbortController();
        const wake = () => {
            done.abort();
            clearTimeout(timer);
            resolve();
        };
        const timer = setTimeout(wake, milliseconds);
        if (wakeOnline) addEventListener("online", wake, { signal: done.signal });
        const stopped = () => {
            reject(new StoppedError({ code: "stopped", detail: "The client was stopped." }));
            wake();
        };
        signal.addEventListener("abort", stopped, { signal: done.signal });
    });
}

function newKey() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The subject, read without checking: the server checks; this only keeps one player's acts apart from another's.
 *
 * @param {string} access
 * @returns {string}
 */
function playerOf(access) {
    try {
        const [, payload = ""] = TOKEN.exec(access)?.[0].split(".") ?? [];
        const { sub } = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
        if (typeof sub === "string") return sub;
    } catch {
        // Neither base64 nor JSON: as without a subject.
    }
    throw new SignInError({
        code: "token_malformed",
        detail: 'The access token is no JSON Web Token of a player. Give what POST /api/token answers as "access", and nothing before or behind it.',
    });
}

/**
 * One key of the storage for each act: tabs that write at the same time do not overwrite each other.
 *
 * @param {Store} storage
 * @param {Kept} kept
 */
function keep(storage, kept) {
    try {
        storage.setItem(PREFIX + kept.key, JSON.stringify(kept));
    } catch {
        // Full: the act is sent all the same, it only would not outlive a reload.
    }
}

/** @param {Store} storage @param {Kept} kept */
function forget(storage, kept) {
    storage.removeItem(PREFIX + kept.key);
}

/** @param {Store} storage @returns {Kept[]} */
function keptActs(storage) {
    const names = Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? "");
    return names.filter((name) => name.startsWith(PREFIX)).map((name) => JSON.parse(storage.getItem(name) ?? "null"));
}

function browserStorage() {
    try {
        localStorage.setItem(`${PREFIX}try`, "{}");
        localStorage.removeItem(`${PREFIX}try`);
        return localStorage;
    } catch {
        return memoryStorage(); // Forbidden or full: acts then live as long as the page.
    }
}

/** @returns {Store} */
function memoryStorage() {
    const values = /** @type {Map<string, string>} */ (new Map());
    return {
        get length() {
            return values.size;
        },
        key: (index) => [...values.keys()][index] ?? null,
        getItem: (name) => values.get(name) ?? null,
        setItem: (name, value) => values.set(name, value),
        removeItem: (name) => values.delete(name),
    };
}
