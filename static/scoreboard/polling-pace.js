/**
 * When to ask: without a socket every few seconds, less often where many share one address and its limit; with one, when it has
 * been silent for longer than the board's pace led to expect.
 */

export const HEARTBEAT = 15_000; // The server lets no more than this pass without a frame.
const SUSPICIOUS = 3; // So many times the usual pause without a frame, on a board that was moving, is worth one question.
const SHORTEST_DOUBT = 4_000;
const POLL_EVERY = 2_500;
const SLOWEST_POLL = 60_000;
const LEAVE = 0.1;

/** @param {number} milliseconds  spread, so that the viewers of a restarted server do not come back all at once */
export const jittered = (milliseconds) => milliseconds * (0.5 + Math.random() / 2);

/**
 * By the RateLimit fields: `"read";r=300;t=40` of `"read";q=1200;w=60`; with some leave, for who asks first in a window.
 *
 * @param {Headers} headers
 */
function isUsedUpTooFast(headers) {
    /** @param {string} field @param {string} name */
    const number = (field, name) => Number(new RegExp(`;${name}=(\\d+)`).exec(headers.get(field) ?? "")?.[1]);
    const left = number("RateLimit", "r") / number("RateLimit-Policy", "q");
    return left + LEAVE < number("RateLimit", "t") / number("RateLimit-Policy", "w");
}

export class Pace {
    #nextPollAt = 0;
    #pollEvery = POLL_EVERY;
    #mayAskAt = 0;

    /** @param {number} now */
    isDue(now) {
        return now >= this.#nextPollAt;
    }

    /** @param {number} now */
    mustWait(now) {
        return now < this.#mayAskAt;
    }

    /** The server's wish to be left alone, where the clock that measured it was set back. */
    forget() {
        this.#mayAskAt = 0;
    }

    /** @param {number} milliseconds */
    plan(milliseconds) {
        this.#nextPollAt = Math.max(Date.now(), this.#mayAskAt) + milliseconds;
    }

    /** @param {number} [slower]  so many times as long as usual */
    planNext(slower = 1) {
        this.plan(slower * jittered(this.#pollEvery));
    }

    /**
     * A whole school may share one address, and so one limit. Whoever is refused, or sees it being used up faster than its
     * window passes, asks half as often from then on, and comes back to the usual pace step by step.
     *
     * @param {Response} response
     */
    follow(response) {
        const retryAfter = 1000 * Number(response.headers.get("Retry-After") ?? 0);
        if (retryAfter > 0) this.#mayAskAt = Date.now() + retryAfter;
        const isHurried = response.status === 429 || isUsedUpTooFast(response.headers);
        this.#pollEvery = isHurried ? Math.min(SLOWEST_POLL, 2 * this.#pollEvery) : Math.max(POLL_EVERY, this.#pollEvery / 1.5);
    }
}

/** Of one socket: when its silence is worth a question. */
export class Pulse {
    #doubtAt = Infinity;
    #frameAt = 0;
    #usualPause = HEARTBEAT;

    /** @param {number} now */
    isDoubtful(now) {
        return now >= this.#doubtAt;
    }

    /** Until the next frame. */
    trust() {
        this.#doubtAt = Infinity;
    }

    /**
     * A half-open socket looks like a quiet board until the next heartbeat fails to come. Asking all the time would settle it
     * and cost more than all else together: 10 000 viewers, one question each per 5 s, 2 000 a second all night. So a viewer
     * asks once, where silence is not what the board's pace led it to expect, spread over some seconds. A quiet board costs
     * nothing, one that moves about a question a minute and viewer.
     */
    expectAnother() {
        const now = Date.now();
        const pause = Math.min(HEARTBEAT, now - (this.#frameAt || now - HEARTBEAT));
        this.#frameAt = now;
        this.#usualPause += (pause - this.#usualPause) / 4;
        const patience = Math.max(SHORTEST_DOUBT, SUSPICIOUS * this.#usualPause) * (1 + Math.random() / 2);
        this.#doubtAt = patience < HEARTBEAT ? now + patience : Infinity;
    }
}
