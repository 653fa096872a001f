/**
 * Why another site gave no answer. A browser does not tell a page whether that site is away or lets no page of this origin read it;
 * two questions do: one whose answer may not be read arrives wherever the site is up, one to be read only where it may be.
 *
 * @typedef {{code: string, detail: string}} Cause
 */

const TIMEOUT = 5_000;

/** @param {URL} url @param {"cors" | "no-cors"} mode */
const isAnswered = (url, mode) =>
    fetch(url, { mode, cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(TIMEOUT) }).then(
        () => true,
        () => false,
    );

/**
 * @param {URL} base  any address of the scoreboard's site
 * @returns {Promise<Cause | null>}  null where it is another cause, or none
 */
export async function findRefusedOrigin(base) {
    const own = globalThis.origin; // "null" in a sandboxed frame, unlike what its address says.
    if (base.origin === own) return null;
    if (await isAnswered(new URL("/api/score/top", base), "cors")) return null;
    if (!(await isAnswered(new URL("/healthz", base), "no-cors"))) return null;
    return {
        code: "origin_not_allowed",
        detail: `${base.origin} is up, but lets no page of ${own} use it. Its operator can allow that: ${own} in ALLOWED_ORIGINS.`,
    };
}
