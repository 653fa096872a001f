/**
 * The board's page and the embed: the live standings, the reader's own place, and the key that leads to the wall.
 *
 * @import { Standings } from "./scoreboard-watch.js"
 */

import { followStandings, language } from "./live-board.js";
import { offerWallKey } from "./wall-key.js";

const section = /** @type {HTMLElement | null} */ (document.querySelector("#you"));

/** Only who is signed in loads what keeps their own place. @param {HTMLElement} ownPlace */
async function followYou(ownPlace) {
    const { You } = await import("./you.js");
    return new You(ownPlace, { language });
}

/** An embed has no notice. @param {HTMLElement} notice */
async function followCorrections(notice) {
    const { Corrections } = await import("./corrections.js");
    return new Corrections(notice);
}

const notice = /** @type {HTMLElement | null} */ (document.querySelector("#corrections"));
const corrections = notice && followCorrections(notice);
const you = section && followYou(section);
followStandings({
    onPause: (isPaused) => {
        corrections?.then((loaded) => loaded.pause(isPaused));
        you?.then((loaded) => loaded.pause(isPaused));
    },
    you: section?.dataset.player,
    onStandings: (/** @type {Standings} */ { entries }) => {
        corrections?.then((loaded) => loaded.follow(entries));
        you?.then((loaded) => loaded.follow(entries));
    },
});
offerWallKey();
