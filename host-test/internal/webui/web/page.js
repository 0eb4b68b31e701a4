// Keeps the page up to date, and makes its controls work. Without it, the page can be read by reloading.
"use strict";

document.documentElement.classList.add("live");

const root = new URL(".", document.currentScript.src); // the details are in a folder
const texts = JSON.parse(document.body.dataset.texts);
const find = (selector, within = document) => within.querySelector(selector);

// t translates a text, and puts the values in the place of its %d and %s.
function t(text, ...values) {
	return (texts[text] ?? text).replace(/%[ds]/g, () => values.shift());
}

// fragment trusts the server's HTML: untrusted text in it is escaped or sanitized, and the policy blocks inline scripts.
function fragment(html) {
	const holder = document.createElement("template");
	holder.innerHTML = html;
	return holder.content;
}

// call changes something over the API, and returns "" or what went wrong.
async function call(method, path, body) {
	try {
		const answer = await fetch(new URL("api/v1/" + path, root), {method, body});
		return answer.ok ? "" : (await answer.json()).error;
	} catch {
		return t("The server does not answer.");
	}
}

// Buttons with a method call the API; the events show the result.
document.addEventListener("click", async (e) => {
	const button = e.target.closest?.("button[data-method]");
	if (!button) return;
	const failed = await call(button.dataset.method, button.dataset.path, button.dataset.body);
	const panel = button.closest(".panel");
	if (!panel) find("#said").textContent = failed || button.dataset.said || "";
	else if (failed) find(".failed", panel).textContent = failed;
	else if (!find("#log")) location.href = root;
});

// Without a clipboard, as on a page that is not from localhost, select the text for the reader to copy.
document.addEventListener("click", async (e) => {
	const button = e.target.closest?.(".copy");
	if (!button) return;
	const text = find("pre", button.parentElement);
	try {
		await navigator.clipboard.writeText(text.textContent);
		button.textContent = t("Copied");
	} catch {
		getSelection().selectAllChildren(text);
		button.textContent = t("Selected");
	}
});

if (find("#log")) showGroup();

function showGroup() {
	const log = find("#log");
	const pane = log.parentElement;
	const newer = find("#newer");
	const maxEntries = 1000; // as many as the server remembers
	const entries = () => [...log.children].filter((entry) => !entry.hidden);

	// The style reverses the pane, so that it starts and stays at its end: 0 is the newest message.
	const atEnd = () => pane.scrollTop > -40;

	// Each entry is one stop of the tab key. Open details add what is in them.
	const inside = "a, summary, button, pre";
	function setStops(entry) {
		const open = find("details", entry).open;
		entry.tabIndex = 0;
		for (const e of entry.querySelectorAll(inside)) e.tabIndex = open ? 0 : -1;
	}

	function append(html) {
		const reading = !atEnd();
		const added = fragment(html);
		for (const entry of added.children) {
			setStops(entry);
			filter(entry);
		}
		log.append(added);
		while (log.children.length > maxEntries) log.firstElementChild.remove();
		newer.hidden = !reading;
		count();
	}

	// What is asked for: a text, a kind or type, somebody who is notified.
	const inputs = [find("#find"), find("#kind"), find("#who")];
	const asked = () => inputs.map((input) => input.value.trim().toLowerCase());
	function filter(entry, [text, kind, who] = asked()) {
		const {kind: its, type = "", who: notified = ""} = entry.dataset;
		entry.hidden = Boolean(kind && kind !== its && kind !== type.toLowerCase()
			|| who && !notified.toLowerCase().split(" ").includes(who.replace(/^@/, ""))
			|| text && !entry.textContent.toLowerCase().includes(text));
	}
	function count() {
		find("#found").textContent = asked().some(Boolean) ? t("%d of %d", entries().length, log.children.length) : "";
	}
	function filterAll() {
		const wanted = asked();
		for (const entry of log.children) filter(entry, wanted);
		count();
	}
	for (const input of inputs) input.addEventListener("input", filterAll);
	find(".tools").addEventListener("submit", (e) => { e.preventDefault(); entries().at(-1)?.focus(); });

	// step goes to the next or previous entry; from elsewhere to the newest.
	function step(by) {
		const list = entries();
		const at = list.indexOf(document.activeElement.closest(".entry"));
		const next = list[at < 0 ? list.length - 1 : at + by];
		next?.focus({preventScroll: true});
		next?.scrollIntoView({block: "nearest"});
	}
	document.addEventListener("keydown", (e) => {
		if (e.key === "Escape" && inputs.includes(e.target)) {
			e.target.value = "";
			filterAll();
			pane.focus();
		}
		if (e.ctrlKey || e.altKey || e.metaKey || e.target.closest("input, select, dialog")) return;
		const keys = {"/": () => find("#find").focus(), j: () => step(1), k: () => step(-1)};
		if (e.target.matches(".entry")) keys.Enter = () => { const d = find("details", e.target); d.open = !d.open; };
		if (!keys[e.key]) return;
		e.preventDefault();
		keys[e.key]();
	});

	// showControls keeps the keyboard where it is.
	function showControls(html) {
		const switches = find("#switches");
		const focused = switches.contains(document.activeElement) && document.activeElement.id;
		switches.replaceChildren(fragment(html));
		if (focused) (document.getElementById(focused) ?? find("#controls")).focus();
	}

	const showNewest = (html) => find("#newest").replaceChildren(fragment(html));

	// The details of a request are a page of their own, fetched when opened: a thousand of them would be slow to draw.
	async function showDetails(details) {
		const link = find("a.panel", details);
		if (details.open && link) {
			const answer = await fetch(link.href);
			const found = answer.ok && find(".panel", fragment(await answer.text()));
			link.replaceWith(found || t("The server has forgotten this request."));
		}
		setStops(details.closest(".entry"));
	}

	function remove(ids) {
		for (const id of ids) {
			const entry = find(`[data-id="${CSS.escape(id)}"]`, log);
			const focus = entry?.contains(document.activeElement) && (entry.nextElementSibling ?? entry.previousElementSibling ?? pane);
			entry?.remove();
			if (focus) focus.focus();
		}
		count();
	}

	const state = find("#state");
	const source = new EventSource(log.dataset.events);
	source.onopen = () => { state.textContent = t("Live"); };
	source.onerror = () => {
		const refused = source.readyState === EventSource.CLOSED; // too many pages are open; the browser does not try again
		state.textContent = refused ? t("Not live: close other pages and reload") : t("Connecting…");
	};
	const on = (event, show) => source.addEventListener(event, (e) => show(JSON.parse(e.data)));
	on("reset", () => { log.replaceChildren(); showNewest(""); count(); });
	on("entries", append);
	on("removed", (ids) => remove(ids.split(" ")));
	on("newest", showNewest);
	on("controls", showControls);

	for (const entry of log.children) setStops(entry);
	log.addEventListener("toggle", (e) => showDetails(e.target), true);
	pane.addEventListener("scroll", () => { if (atEnd()) newer.hidden = true; });
	newer.addEventListener("click", () => { pane.scrollTop = 0; pane.focus(); });

	const dialog = find("#clear");
	find("#c-clear").addEventListener("click", () => {
		find("label", dialog).hidden = !find(".queue");
		dialog.returnValue = "";
		dialog.showModal();
	});
	dialog.addEventListener("close", async () => {
		if (dialog.returnValue !== "clear") return;
		const faults = find(".queue") && find("#clear-faults").checked;
		find("#said").textContent = await call("DELETE", "requests" + (faults ? "?faults=true" : "")) || t("The group is empty.");
	});
}
