// Uses the simulator's console as a person does, in a real browser: drive.mjs URL. It runs beside the
// packages that install.sh has installed.
import chromium from "@sparticuz/chromium";
import puppeteer from "puppeteer-core";

const [url] = process.argv.slice(2);

let checks = 0;
function check(good, what) {
    if (!good) throw new Error("WRONG: " + what);
    checks += 1;
    console.log("ok  " + what);
}

async function control(method, name, body) {
    const answer = await fetch(`${url}/_simulator/${name}`, { method, body: body && JSON.stringify(body) });
    return answer.json();
}
const state = () => control("GET", "state");
const edit = (body) => control("POST", "edits", body);

const evil = "</th><script>alert(1)</script><img src=x onerror=alert(2)>";
await edit({ edit: "createQueue", name: "q1", cuCount: 16, tags: [{ key: "team", value: "data" }] });
const { id } = await edit({ edit: "createConnection", name: evil, destVpcId: "vpc", destNetworkId: evil });
await edit({ edit: "bind", id, queue: "q1" });

let browser;
try {
    browser = await puppeteer.launch({
        args: [...chromium.args, "--no-proxy-server"],
        executablePath: await chromium.executablePath(),
        headless: "shell",
    });
} catch (error) {
    // A machine that lacks the libraries of a browser says nothing about the console.
    console.error(`browser: it does not start here: ${error}`);
    process.exit(3);
}
try {
    const page = await browser.newPage();
    const complaints = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    page.on("dialog", (dialog) => {
        complaints.push("dialog: " + dialog.message());
        dialog.dismiss();
    });

    // Presses a button in the row that begins with a name; fields are filled in first.
    async function press(section, name, button, fields = {}) {
        const marked = await page.evaluate((section, name, button, fields) => {
            const rows = [...document.querySelectorAll(`#${section} tbody tr`)];
            const row = rows.find((row) => row.querySelector("th").firstChild.textContent === name);
            const forms = [...row.querySelectorAll("form")];
            const form = forms.find((form) => form.querySelector("button").textContent === button);
            for (const [field, value] of Object.entries(fields)) form.elements[field].value = value;
            // With the focus on it the page does not load itself anew meanwhile.
            form.querySelector("button").focus();
            form.querySelector("button").id = "pressed";
            return true;
        }, section, name, button, fields);
        check(marked, `${button} is in the row of ${name.slice(0, 10)}`);
        await Promise.all([page.waitForNavigation(), page.click("#pressed")]);
    }

    await page.goto(url);
    check((await page.title()) === "DLI simulator", "the page loads");
    const names = await page.$$eval("#connections th[scope=row]", (cells) => cells.map((cell) => cell.firstChild.textContent));
    check(names.length === 1 && names[0] === evil, "a name with tags is shown as text");
    check((await page.$$("img")).length === 0, "and makes no element");

    await press("queues", "q1", "Scale", { cuCount: "64" });
    check((await state()).queues[1].cuCount === 64, "a queue is scaled");
    await press("queues", "q1", "Set", { key: "crew" });
    check(JSON.stringify((await state()).queues[1].tags) === '[{"key":"crew","value":"data"}]', "a tag is renamed");
    await press("connections", evil, "Unbind");
    check((await state()).connections[0].entries.length === 0, "a queue is unbound");

    await edit({ edit: "createQueue", name: "late", cuCount: 16 });
    await page.waitForFunction(() => document.querySelector("#queues").textContent.includes("late"), { timeout: 30000 });
    check(true, "the page shows a change by itself");
    await press("queues", "late", "Scale", { cuCount: "many" });
    check((await page.$eval("[role=alert]", (p) => p.textContent)) === "cuCount must be a number", "a mistake is said");

    // Without script.
    await page.setJavaScriptEnabled(false);
    await page.goto(url);
    await press("connections", evil, "Delete");
    check((await state()).connections[0].deleted === true, "a connection is deleted without script");
    await press("queues", "q1", "Delete");
    check((await state()).queues.length === 2, "a queue is deleted without script");
    check(page.url() === url + "/", "every form leads back to the page");

    // Another site, in the same browser.
    await page.setJavaScriptEnabled(true);
    const host = new URL(url).host.replace("127.0.0.1", "localhost");
    await page.goto(`http://${host}/`);
    const status = await page.evaluate(async (target) => {
        const body = JSON.stringify({ edit: "deleteQueue", name: "late" });
        await fetch(target + "/_simulator/edits", { method: "POST", mode: "no-cors", body });
        return "sent";
    }, url).catch((error) => "stopped: " + error.message.slice(0, 60));
    check((await state()).queues.length === 2, `another origin deletes nothing (${status})`);
    const unexpected = complaints.filter((text) => !/400 \(Bad Request\)|Content Security Policy|Failed to fetch|Refused to connect/.test(text));
    check(unexpected.length === 0, "the browser has no complaints: " + unexpected.join("; "));
} finally {
    await browser.close();
}
console.log(`${checks} checks`);
