/** Periods in the reader's words, as the server writes them. */

/**
 * @param {string} name
 * @param {{language: string, span: string, week: string}} options  week: the sentence for one, with {week} and {year}
 */
export function describePeriod(name, { language, span, week }) {
    /** @param {Intl.DateTimeFormatOptions} parts @param {string} day */
    const format = (parts, day) => new Intl.DateTimeFormat(language, { ...parts, timeZone: "UTC" }).format(new Date(`${day}T00:00:00Z`));
    if (span === "day") return format({ dateStyle: "long" }, name);
    if (span === "month") return format({ year: "numeric", month: "long" }, `${name}-01`);
    const [year = "", number = ""] = name.split("-W");
    return span === "week" ? week.replace("{week}", String(Number(number))).replace("{year}", year) : name;
}

/** @param {string} moment @param {{language: string, zone: string}} options */
export function describeMoment(moment, { language, zone }) {
    const at = new Date(moment);
    const day = new Intl.DateTimeFormat(language, { dateStyle: "long", timeZone: zone }).format(at);
    return `${day}, ${new Intl.DateTimeFormat(language, { timeStyle: "short", timeZone: zone }).format(at)}`;
}
