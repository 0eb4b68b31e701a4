// What the scripts in browser/ use. They run in the page, and return what is wrong.
const failures = [];
const zh = document.documentElement.lang === "zh";
const wide = innerWidth > 1180;
const $ = (selector) => document.querySelector(selector);
const $$ = (selector) => [...document.querySelectorAll(selector)];
const all = (selector) => $$(selector).map((e) => e.textContent.trim());
const seen = (selector) => $$(selector).filter((e) => e.checkVisibility());

function eq(what, got, want) {
	if (JSON.stringify(got) !== JSON.stringify(want)) failures.push(`${what}: ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
}

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
async function until(what, condition) {
	for (const end = performance.now() + 10000; !condition(); await sleep(5)) {
		if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
	}
}
const entries = (n) => until(`${n} entries`, () => $$(".entry").length === n);

// post sends a message, and returns its errcode.
async function post(body) {
	const answer = await fetch("/robot/send?access_token=fake-access-token-0000000000000000", {
		method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body),
	});
	return answer.headers.get("Content-Type") === "application/json" ? (await answer.json()).errcode : "HTTP " + answer.status;
}
const text = (content, more) => post({msgtype: "text", text: {content}, ...more});
const markdown = (title, text, more) => post({msgtype: "markdown", markdown: {title, text}, ...more});

const key = (name) => document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key: name, bubbles: true, cancelable: true}));
function enter(selector, value) {
	$(selector).value = value;
	$(selector).dispatchEvent(new Event("input", {bubbles: true}));
}
