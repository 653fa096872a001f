/** The time that is left of a period, by the server's clock: the reader's may be wrong, or set while the page is open. */

const TICK = 1_000;
/** @type {[string, number][]} */
const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]];

export class Countdown {
    /** @param {HTMLElement} place  what says when it ends @param {{language: string, left: string, over: string, onOver?: (endsAt: number) => void}} words */
    constructor(place, { language, left, over, onOver = () => {} }) {
        this.time = /** @type {HTMLTimeElement} */ (place.querySelector("time"));
        this.text = /** @type {HTMLElement} */ (place.querySelector(".countdown"));
        this.words = { left, over };
        this.onOver = onOver;
        this.format = new Map(UNITS.map(([unit]) => [unit, new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short" })]));
        this.endsAt = Date.parse(this.time.dateTime);
        this.ahead = -Infinity;
        setInterval(() => this.#write(), TICK);
    }

    /** What is heard of the server's time is older the longer it was on its way: the newest word of all counts. @param {string} asOf */
    hear(asOf) {
        const ahead = Date.parse(asOf) - performance.now();
        if (ahead > this.ahead) this.ahead = ahead;
    }

    /** @param {string} endsAt  which may be what it was @param {(at: string) => string} describe */
    turn(endsAt, describe) {
        if (Date.parse(endsAt) === this.endsAt) return;
        this.endsAt = Date.parse(endsAt);
        this.time.dateTime = endsAt;
        this.time.textContent = describe(endsAt);
        this.#write();
    }

    #write() {
        const left = Math.ceil((this.endsAt - performance.now() - this.ahead) / 1000);
        const text = this.ahead === -Infinity ? "" : left > 0 ? this.words.left.replace("{time}", this.#describe(left)) : this.words.over;
        if (this.text.textContent === text) return;
        this.text.textContent = text;
        if (left <= 0) this.onOver(this.endsAt);
    }

    /** The two greatest units: the seconds of a day matter to nobody. @param {number} seconds */
    #describe(seconds) {
        const first = UNITS.findIndex(([, size]) => seconds >= size);
        let rest = seconds;
        const parts = UNITS.slice(first, first + 2).map(([unit, size]) => {
            const count = Math.floor(rest / size);
            rest %= size;
            return this.format.get(unit)?.format(count);
        });
        return parts.join(" ");
    }
}
