/** `/verify`: takes files, says what of them holds. Nothing is sent anywhere: all that is needed was loaded with the page. */

import { readBlock } from "./verify-block.js";
import { checkCase, checkProof, checkResults, MAXIMUM_LINE, readKeys } from "./verify-files.js";
import { Broken, decode, isObject, parse } from "./verify-format.js";

/**
 * @typedef {import("./verify-block.js").Block} Block
 * @typedef {import("./verify-block.js").Key} Key
 * @typedef {import("./verify-block.js").Say} Say
 * @typedef {{ file: File, kind: string }} Told
 */

/** @param {string} id */
const find = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
/** @param {string} id */
const read = (id) => JSON.parse(find(id).textContent ?? "");

const sentences = /** @type {Record<string, string>} */ (read("sentences"));
const siteKeys = /** @type {Key[]} */ (read("site-keys").keys.map((/** @type {any} */ { kid, x }) => ({ kid, x, pinned: false })));
const form = /** @type {HTMLFormElement} */ (find("verify"));
const input = /** @type {HTMLInputElement} */ (find("files"));
const pinned = /** @type {HTMLTextAreaElement} */ (find("key"));
const results = find("results");
const summary = find("summary");
const cancel = find("cancel");
/** What changes many times a second is read to nobody. */
const progress = find("progress");
const limits = find("limits");
/** Larger documents that are read whole would fill the memory. */
const WHOLE = 128 * 1024 * 1024;
const TURN = 500;
/** Each run has a number; one that is not the newest any more ends. */
let run = 0;

class Cancelled extends Error {}

/**
 * @param {File} file @param {number} own
 * @yields {Uint8Array} a line with its end
 * @returns {AsyncGenerator<Uint8Array>}
 */
async function* readLines(file, own) {
    let rest = new Uint8Array();
    let count = 0;
    let done = 0;
    const reader = file.stream().getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
        const chunk = new Uint8Array(rest.length + part.value.length);
        chunk.set(rest);
        chunk.set(part.value, rest.length);
        let from = 0;
        for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
            yield chunk.subarray(from, at + 1);
            from = at + 1;
            if (++count % TURN === 0) await breathe(own, `${file.name}: ${Math.floor((100 * (done + from)) / file.size)} %`);
        }
        done += from;
        rest = chunk.slice(from);
        if (rest.length > MAXIMUM_LINE) {
            void reader.cancel();
            throw new Broken(`line ${count + 1}: it is too long`);
        }
    }
    if (rest.length) yield rest;
}

/** Lets the page draw and be used, and ends a run that nobody waits for. @param {number} own @param {string} text */
async function breathe(own, text) {
    progress.textContent = text;
    await new Promise((resolve) => { setTimeout(resolve); });
    if (own !== run) throw new Cancelled();
}

/** @param {File} file */
async function tellKind(file) {
    const start = await file.slice(0, 4096).text();
    if (/^(\["|\{"sealed":|\{"head":)/.test(start)) return "proof";
    if (/^\d+ /.test(start) || file.size === 0) return "results";
    if (/^eyJ[\w-]*\.[\w-]+/.test(start)) return "blocks";
    if (/"format":\s*"scoreboard\.case\./.test(start)) return "case";
    if (/"statements":/.test(start) || /"block":/.test(start)) return "board";
    return /"(keys|public|x)":/.test(start) ? "keys" : "";
}

/** @param {File} file */
async function readWhole(file) {
    if (file.size > WHOLE) throw new Broken("it is too large to be read whole");
    return decode(new Uint8Array(await file.arrayBuffer()));
}

/** The blocks of exported checkpoints, and of a board's proof. @param {Told[]} told @returns {Promise<Block[] | null>} */
async function gatherBlocks(told) {
    const texts = [];
    const sources = told.filter(({ kind }) => kind === "blocks" || kind === "board");
    for (const { file, kind } of sources) {
        const text = await readWhole(file);
        if (kind === "blocks") texts.push(...text.split("\n").map((line) => line.trim()).filter(Boolean));
        else {
            const document = parse(text);
            if (isObject(document) && typeof document["block"] === "string") texts.push(document["block"]);
        }
    }
    return sources.length ? texts.map(readBlock) : null;
}

/** @param {Told} told @param {Block[] | null} blocks @param {Key[]} keys @param {Say} say @param {number} own */
async function check({ file, kind }, blocks, keys, say, own) {
    try {
        if (kind === "proof") await checkProof(readLines(file, own), keys, say);
        else if (kind === "results") await checkResults(readLines(file, own), blocks, keys, say);
        else if (kind === "case") await checkCase(parse(await readWhole(file)), keys, say, () => breathe(own, file.name));
        else throw new Broken("it is no proof, case file or results");
    } catch (error) {
        if (!(error instanceof Broken)) throw error;
        say(false, "file.broken", { fault: error.message });
    }
}

/** @param {string} name @param {number} own @returns {Say} */
function makeList(name, own) {
    const section = document.createElement("section");
    const list = document.createElement("ul");
    const title = document.createElement("h2");
    title.textContent = name;
    section.append(title, list);
    results.append(section);
    return (holds, key, values = {}) => {
        if (own !== run) throw new Cancelled();
        const state = holds === null ? "open" : holds ? "holds" : "finding";
        const item = document.createElement("li");
        const word = document.createElement("strong");
        item.dataset["state"] = state;
        word.textContent = /** @type {string} */ (results.dataset[state]);
        const sentence = document.createElement("span");
        sentence.lang = "en";
        sentence.textContent = (sentences[key] ?? key).replaceAll(/\{(\w+)\}/g, (_, each) => String(values[each]));
        item.append(word, " ", sentence);
        list.append(item);
    };
}

/** @param {File[]} files */
async function verify(files) {
    const own = ++run;
    results.replaceChildren();
    cancel.hidden = false;
    limits.hidden = true;
    summary.textContent = summary.dataset["working"] ?? "";
    await breathe(own, "");
    const told = await Promise.all(files.map(async (file) => ({ file, kind: await tellKind(file) })));
    const keys = readKeys(pinned.value);
    for (const { file, kind } of told) if (kind === "keys") keys.push(...readKeys(await readWhole(file)));
    const blocks = await gatherBlocks(told);
    const checked = told.filter(({ kind }) => !["keys", "blocks", "board"].includes(kind));
    for (const each of checked) await check(each, blocks, [...keys, ...siteKeys], makeList(each.file.name, own), own);
    const findings = results.querySelectorAll("[data-state=finding]").length;
    const words = checked.length ? (findings ? summary.dataset["findings"] : summary.dataset["none"]) : summary.dataset["nothing"];
    summary.textContent = (words ?? "").replace("{count}", String(findings));
    limits.hidden = !checked.length;
    progress.textContent = "";
    cancel.hidden = true;
}

/** @param {FileList | null | undefined} files */
async function begin(files) {
    if (!files?.length) return;
    if (!globalThis.crypto?.subtle) {
        summary.textContent = summary.dataset["insecure"] ?? "";
        return;
    }
    try {
        await verify([...files]);
    } catch (error) {
        if (error instanceof Cancelled) return;
        cancel.hidden = true;
        summary.textContent = error instanceof Broken ? `${summary.dataset["refused"]} ${error.message}.` : String(error);
    }
}

form.addEventListener("submit", (event) => {
    event.preventDefault();
    void begin(input.files);
});
input.addEventListener("change", () => void begin(input.files));
cancel.addEventListener("click", () => {
    run++;
    progress.textContent = "";
    cancel.hidden = true;
    summary.textContent = summary.dataset["cancelled"] ?? "";
});
for (const name of ["dragover", "drop"]) {
    document.addEventListener(name, (event) => {
        event.preventDefault();
        form.toggleAttribute("data-over", name === "dragover");
        if (name === "drop") void begin(/** @type {DragEvent} */ (event).dataTransfer?.files);
    });
}
