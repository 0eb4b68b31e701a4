// Keeps the page up to date. Without it, everything works by reloading.
"use strict";

const log = document.getElementById("log");
const pane = log.parentElement;
const newer = document.getElementById("newer");
const maxEntries = 1000; // as many as the server remembers

document.documentElement.classList.add("live");

// fragment trusts the server's HTML: untrusted text in it is escaped or sanitized, and the policy blocks inline scripts.
function fragment(html) {
	const holder = document.createElement("template");
	holder.innerHTML = html;
	return holder.content;
}

// The style reverses the pane, so that it starts and stays at its end: 0 is the newest message.
const atEnd = () => pane.scrollTop > -40;

function append(html) {
	const reading = !atEnd();
	log.append(fragment(html));
	while (log.children.length > maxEntries) log.firstElementChild.remove();
	newer.hidden = !reading;
}

// showControls keeps the keyboard where it is.
function showControls(html) {
	const focused = document.activeElement?.id;
	const switches = document.getElementById("switches");
	const inside = switches.contains(document.activeElement);
	switches.replaceChildren(fragment(html));
	if (inside && focused) document.getElementById(focused)?.focus();
}

function showNewest(html) {
	document.getElementById("newest").replaceChildren(fragment(html));
}

// The details of a request are a page of their own, fetched when opened: a thousand of them would be slow to draw.
async function showDetails(details) {
	const link = details.querySelector("a.panel");
	if (!details.open || !link) return;
	const answer = await fetch(link.href);
	const found = answer.ok && fragment(await answer.text()).querySelector(".panel");
	link.replaceWith(found || "The server has forgotten this request.");
}

function say(text) {
	document.getElementById("said").textContent = text;
}

const state = document.getElementById("state");
const source = new EventSource(log.dataset.events);
source.onopen = () => { state.textContent = "Live"; };
source.onerror = () => {
	const refused = source.readyState === EventSource.CLOSED; // too many pages are open; the browser does not try again
	state.textContent = refused ? "Not live: close other pages and reload" : "Connecting…";
};
source.addEventListener("reset", () => { log.replaceChildren(); showNewest(""); });
source.addEventListener("entries", (e) => append(JSON.parse(e.data)));
source.addEventListener("newest", (e) => showNewest(JSON.parse(e.data)));
source.addEventListener("controls", (e) => showControls(JSON.parse(e.data)));

log.addEventListener("toggle", (e) => showDetails(e.target), true);
pane.addEventListener("scroll", () => { if (atEnd()) newer.hidden = true; });
newer.addEventListener("click", () => { pane.scrollTop = 0; pane.focus(); });

// The controls are forms; the events show the result.
document.getElementById("switches").addEventListener("submit", async (e) => {
	e.preventDefault();
	const pressed = e.submitter;
	const body = new URLSearchParams(new FormData(e.target, pressed));
	try {
		const answer = await fetch(e.target.action, {method: "POST", body, redirect: "manual"});
		const done = answer.type === "opaqueredirect";
		say(done ? pressed.dataset.said ?? "" : await answer.text());
	} catch {
		say("The server does not answer.");
	}
});

// Without a clipboard, as on a page that is not from localhost, select the text for the reader to copy.
document.addEventListener("click", async (e) => {
	const button = e.target.closest?.(".copy");
	if (!button) return;
	const text = button.parentElement.querySelector("pre");
	try {
		await navigator.clipboard.writeText(text.textContent);
		button.textContent = "Copied";
	} catch {
		getSelection().selectAllChildren(text);
		button.textContent = "Selected";
	}
});
