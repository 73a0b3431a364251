// Loads the page anew every two seconds, unless somebody is filling in a form or an error is shown.
"use strict";
const busy = () => document.activeElement && document.activeElement.matches("input, button");
setInterval(async () => {
    if (document.hidden || busy() || document.querySelector("[role=alert]")) return;
    try {
        const answer = await fetch("/", { cache: "no-store" });
        if (!answer.ok) return;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const fresh = page.querySelector("main");
        if (fresh && !busy()) {
            document.querySelector("main").replaceWith(fresh);
            document.querySelector("header time").replaceWith(page.querySelector("header time"));
        }
    } catch (error) {
        // The simulator is away; the next round tries again.
    }
}, 2000);
