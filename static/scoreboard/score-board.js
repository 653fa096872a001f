/**
 * The board as an element of any page, live:
 *
 *     <script type="module" src="https://scoreboard.example.org/static/scoreboard/score-board.js"></script>
 *     <score-board src="https://scoreboard.example.org" board="main" rows="5"></score-board>
 *
 * `src` is any address of the scoreboard's site (default: where this module came from), `board` a slug and `period` a name as
 * for `watch`, `rows` from 1 to 10, `label` its heading, `theme` light or dark (default: the page's own colour scheme). It speaks
 * the page's language. Its style is a sheet made by script, which the page's content policy allows, and touches nothing else.
 *
 * @import { Cause } from "./origin-check.js"
 * @import { Entry, Freshness, Standings } from "./scoreboard-watch.js"
 * @import { Words } from "./score-board-words.js"
 */

import { watch } from "./scoreboard-watch.js";
import { wordsIn } from "./score-board-words.js";

const MOST_ROWS = 10;
const CLOCK = /** @type {const} */ ({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
const STYLE = `
:host {
    --paper: light-dark(#fffdf8, #182024); --ink: light-dark(#1c1a15, #f3eee2); --muted: light-dark(#645e50, #aaa698);
    --rule: light-dark(#dcd5c5, #3a474d); --accent: light-dark(#0b6848, #63d2a2); --alarm: light-dark(#a32a17, #ff9d85);
    display: block; padding: 0.75em 1em; border-radius: 0.4em; background: var(--paper); color: var(--ink);
}
:host([hidden]), [hidden] { display: none; }
:host([theme="light"]) { color-scheme: light; }
:host([theme="dark"]) { color-scheme: dark; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums lining-nums; }
caption { padding-block-end: 0.5em; font-weight: 600; text-align: start; overflow-wrap: anywhere; }
th, td { padding: 0.35em 0; border-block-end: 1px solid var(--rule); font-weight: inherit; text-align: start; vertical-align: baseline; }
thead th { color: var(--muted); font-size: 0.875em; }
.name { width: 100%; padding-inline: 0.75em; overflow-wrap: anywhere; }
.points { text-align: end; white-space: nowrap; }
tbody tr:first-child { font-weight: 600; }
p { margin: 0.5em 0 0; color: var(--muted); font-size: 0.875em; }
a { color: inherit; }
.state[data-state="live"] { color: var(--accent); }
.state[data-state="stale"], .trouble { color: var(--alarm); }
`;
const sheet = new CSSStyleSheet();
sheet.replaceSync(STYLE);

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag @param {Record<string, string>} attributes @param {(Node | string)[]} children
 */
function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
}

/** A name stands apart in direction, and is not translated. @param {string} text */
const madeName = (text) => make("bdi", { class: "notranslate", translate: "no" }, text);

export class ScoreBoard extends HTMLElement {
    static observedAttributes = ["src", "board", "period", "rows", "label"];

    #watching = /** @type {{stop: () => void} | null} */ (null);
    #isShown = false;

    constructor() {
        super();
        this.attachShadow({ mode: "open" }).adoptedStyleSheets = [sheet];
    }

    connectedCallback() {
        this.#isShown = true;
        this.#begin();
    }

    disconnectedCallback() {
        this.#isShown = false;
        this.#watching?.stop();
    }

    attributeChangedCallback() {
        if (this.#isShown) this.#begin();
    }

    #begin() {
        this.#watching?.stop();
        this.#watching = null;
        const language = this.closest("[lang]")?.getAttribute("lang") || navigator.language;
        const board = this.getAttribute("board") || undefined;
        const period = this.getAttribute("period") || undefined;
        const view = new View(this, language);
        let url;
        try {
            url = new URL(this.getAttribute("src") ?? import.meta.url, document.baseURI);
        } catch {
            return view.explain({ code: "invalid_src", detail: "src is not the address of a site." });
        }
        this.#watching = watch((standings) => view.draw(standings, url), {
            url,
            board,
            period,
            onState: (freshness) => view.report(freshness),
            onProblem: (cause) => view.explain(cause),
        });
    }
}

/** What the element shows, begun anew. */
class View {
    /** @param {ScoreBoard} element @param {string} language */
    constructor(element, language) {
        this.words = wordsIn(language);
        try {
            this.number = new Intl.NumberFormat(language);
            this.clock = new Intl.DateTimeFormat(language, CLOCK);
        } catch {
            this.number = new Intl.NumberFormat(); // The page's language is none.
            this.clock = new Intl.DateTimeFormat(undefined, CLOCK);
        }
        const rows = Number(element.getAttribute("rows") ?? MOST_ROWS);
        this.rows = Math.min(MOST_ROWS, Math.max(1, Math.floor(rows) || MOST_ROWS));
        this.label = element.getAttribute("label");
        this.period = element.getAttribute("period");
        const { rank, player, points } = this.words;
        this.caption = make("caption", {}, this.label ?? this.words.caption);
        this.body = make("tbody");
        const head = [make("th", { scope: "col" }, rank), make("th", { scope: "col", class: "name" }, player), make("th", { scope: "col", class: "points" }, points)];
        this.table = make("table", {}, this.caption, make("thead", {}, make("tr", {}, ...head)), this.body);
        this.note = make("p", { hidden: "" });
        this.state = make("span", { class: "state" });
        this.time = make("time");
        this.line = make("p", {}, this.state, " ", this.time);
        element.shadowRoot?.replaceChildren(this.table, this.note, this.line);
    }

    /** @param {Standings} standings @param {URL} site */
    draw({ entries, board }, site) {
        const way = board ? ["/boards", board.slug, this.period].filter(Boolean).join("/") : "/";
        const link = make("a", { href: new URL(way, site).href });
        link.append(make("bdi", {}, this.label ?? board?.label ?? this.words.caption));
        this.caption.replaceChildren(link);
        this.body.replaceChildren(...entries.slice(0, this.rows).map((entry) => this.#row(entry)));
        this.#say(entries.length > 0 ? "" : this.words.empty, "");
    }

    /** @param {Entry} entry */
    #row({ rank, name, score }) {
        const cells = [
            make("td", {}, this.number.format(rank)),
            make("th", { scope: "row", class: "name" }, madeName(name)),
            make("td", { class: "points" }, this.number.format(score)),
        ];
        return make("tr", {}, ...cells);
    }

    /** @param {Freshness} freshness */
    report({ state, asOf }) {
        if (this.state.dataset.state !== state) this.state.textContent = this.words[state];
        this.state.dataset.state = state;
        if (!asOf) return;
        this.time.dateTime = asOf;
        this.time.textContent = `${this.words.asOf} ${this.clock.format(new Date(asOf))}`;
    }

    /** Visitors read that nothing can be shown; what to do about it stands in the console. @param {Cause} cause */
    explain({ code }) {
        this.#say(code.startsWith("unknown_") ? this.words.missing : this.words.refused, "trouble");
    }

    /** @param {string} text @param {string} kind */
    #say(text, kind) {
        this.note.textContent = text;
        this.note.className = kind;
        this.note.hidden = text === "";
    }
}

if (!customElements.get("score-board")) customElements.define("score-board", ScoreBoard);
