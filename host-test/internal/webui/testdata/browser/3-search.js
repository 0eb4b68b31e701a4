// Search and filters, the keyboard, and one stop of the tab key for each message.
await text("Deploy of build 1");
await text("ask @138", {at: {atMobiles: ["138"]}});
await markdown("Deploy", "build 2, see [the log](https://ci.example/) and [more](https://ci.example/)");
await text("");
await entries(4);
const shown = () => $$(".entry:not([hidden])").map((e) => e.id).join(" ");

for (const [selector, value, want] of [
	["#find", "deploy", "r1"], ["#find", "BUILD", "r1 r3"], ["#find", "nowhere", ""], ["#kind", "refused", "r4"], ["#kind", "message", "r1 r2 r3"],
	["#kind", "markdown", "r3"], ["#who", "@138", "r2"], ["#who", "13", ""],
]) {
	enter(selector, value);
	eq(`${selector} ${value}`, shown(), want);
	eq(`found ${value}`, $("#found").textContent, `${want.split(" ").filter(Boolean).length} ${zh ? "/ 4 条" : "of 4"}`);
	enter(selector, "");
}
enter("#find", "build");
await text("another build");
await text("nothing of it");
await entries(6);
eq("arrivals are filtered", shown(), "r1 r3 r5");

document.body.focus();
key("/");
eq("/ goes to", document.activeElement.id, "find");
key("j");
eq("j in the search is a letter", document.activeElement.id, "find");
key("Escape");
eq("Escape clears the search", shown(), "r1 r2 r3 r4 r5 r6");
for (const [name, want] of [["k", "r6"], ["k", "r5"], ["k", "r4"], ["j", "r5"], ["j", "r6"], ["j", "r6"]]) {
	key(name);
	eq(`${name} goes to`, document.activeElement.id, want);
}
const stops = (within) => [...within.querySelectorAll("*")].filter((e) => e.tabIndex >= 0 && e.checkVisibility());
eq("stops of the tab key in the log", stops($("#log")).map((e) => e.id), ["r1", "r2", "r3", "r4", "r5", "r6"]);
$("#r3").focus();
key("Enter");
await until("details", () => $("#r3 .sources"));
await until("stops", () => stops($("#r3")).length >= 6); // two links, the time, the summary, what is in the details
eq("skip links", $$(".skip").map((e) => Boolean($(e.getAttribute("href")))), [true, true]);
eq("the log is live", [$("#log").getAttribute("role"), $("#log").ariaLive], ["log", "polite"]);
