/**
 * The page of a board in one of its periods: live where it has not ended, with the time that is left, and more rows on demand.
 *
 * @import { Freshness, Period, Standings } from "./scoreboard-watch.js"
 * @typedef {HTMLElement & {dataset: Record<"span" | "zone" | "left" | "over" | "begun" | "week" | "added" | "missed", string>}} PeriodWords
 */

import { Countdown } from "./countdown.js";
import { board, fillIn, followStandings, language, part } from "./live-board.js";
import { MoreRows } from "./more-rows.js";
import { describePeriod, describeMoment } from "./period-names.js";
import { Podium } from "./podium.js";
import { StandingsTable } from "./standings-table.js";
import { offerWallKey } from "./wall-key.js";

const words = /** @type {PeriodWords} */ (part("#period-words")).dataset;
const more = new MoreRows(board, { language, added: words.added, missed: words.missed, isAscending: "ascending" in board.dataset });

const section = /** @type {HTMLElement | null} */ (document.querySelector("#podium"));
const describe = (/** @type {string} */ name) => describePeriod(name, { language, span: words.span, week: words.week });
const podium = section && new Podium(section, { language, slug: board.dataset.slug ?? "", describe });

/** What the page says of its period, which another one takes the place of where no name is asked for. */
class PeriodHead {
    constructor() {
        this.name = part(".period-name");
        this.end = /** @type {HTMLElement | null} */ (document.querySelector(".period-end[data-state]"));
        this.countdown = this.end && new Countdown(this.end, { language, left: words.left, over: words.over, onOver: (endsAt) => podium?.end(endsAt) });
        this.shown = "";
    }

    /** @param {Period} period @returns {Node | undefined}  what is to be announced, where another period has begun */
    show(period) {
        const before = this.shown;
        this.shown = period.name;
        if (this.end) this.end.dataset.state = period.state;
        // Also the end of a season may be set anew while it goes on.
        if (period.ends_at) this.countdown?.turn(period.ends_at, (at) => describeMoment(at, { language, zone: words.zone }));
        if (before === "" || before === period.name) return undefined;
        const label = describe(period.name);
        this.#turn(this.name.textContent, before, label, period);
        return fillIn(words.begun, { name: label });
    }

    /** @param {string} labelBefore @param {string} before @param {string} label @param {Period} period */
    #turn(labelBefore, before, label, { name }) {
        document.title = document.title.replace(labelBefore, label);
        this.name.textContent = label;
        const earlier = /** @type {HTMLAnchorElement} */ (part(".earlier"));
        earlier.href = `/boards/${board.dataset.slug}/${before}`;
        earlier.hidden = false;
        part(".earlier .its-name").textContent = labelBefore;
        const picker = /** @type {HTMLInputElement | HTMLSelectElement} */ (part("#period"));
        if (picker instanceof HTMLSelectElement) picker.prepend(new Option(label, name));
        else picker.max = name;
        picker.value = name;
    }
}

function follow() {
    const head = new PeriodHead();
    followStandings({
        // Who stood there at the end is to be known also where nothing may move.
        onFrame: (standings) => podium?.follow(standings),
        onPause: (isPaused) => podium?.pause(isPaused),
        onStandings: (/** @type {Standings} */ standings) => {
            more.follow(standings);
            return standings.period && head.show(standings.period);
        },
        onState: (/** @type {Freshness} */ { asOf }) => {
            head.countdown?.hear(asOf);
            podium?.hear(asOf);
        },
    });
}

offerWallKey();
if ("live" in board.dataset) follow();
// Times are written as the reader's clock shows them, here too.
else void new StandingsTable(board, { limit: Infinity, language });
