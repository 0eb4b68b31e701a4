// The switches, and the queue of faults. Clearing the group offers to clear the queue.
if (!wide) location.hash = "#controls";
const press = async (id, what, condition) => {
	$("#" + id).click();
	await until(what, condition);
};
const state = (name) => $("#c-" + name).ariaChecked;
for (const [name, code] of [["token", 300005], ["ip", 310000]]) {
	$("#c-" + name).focus();
	await press("c-" + name, name + " on", () => state(name) === "true");
	eq(`focus on ${name}`, document.activeElement.id, "c-" + name);
	eq(`errcode with ${name}`, await text("x"), code);
	await press("c-" + name, name + " off", () => state(name) === "false");
	eq(`errcode after ${name}`, await text("x"), 0);
}
await press("c-clock1", "the clock", () => all("#switches .hint")[0].startsWith(zh ? "快 10 分钟。" : "10 min ahead."));
await press("c-clock2", "the clock back", () => all("#switches .hint")[0].startsWith(zh ? "时钟准确。" : "It is on time."));
await press("c-old", "old texts", () => $("#c-old").ariaPressed === "true");

const queue = () => all(".queue code").join(" ");
await press("c-busy", "a fault", () => queue() === "busy");
await until("the confirmation", () => $("#said").textContent === (zh ? "已添加 busy。" : "busy is queued."));
$("#c-slow").scrollIntoView();
eq("the confirmation stays in view", $("#said").getBoundingClientRect().top >= 0 && $("#said").getBoundingClientRect().bottom <= innerHeight, true);
await press("c-gateway", "two faults", () => queue() === "busy gateway");
$(".queue button").click();
await until("one is removed", () => queue() === "gateway");
eq("what the other does", await text("x"), "HTTP 502");
await until("none is left", () => queue() === "");
await press("c-slow", "a fault", () => queue() === "slow");
await press("c-faults", "no fault", () => queue() === "");

location.hash = "#group";
await press("c-busy", "a fault", () => queue() === "busy");
$("#c-clear").click();
eq("the question", $("#clear").open, true);
$("#clear [value='']").click();
await sleep(50);
eq("entries after Cancel", $$(".entry").length, 5);
$("#c-clear").click();
eq("it asks about the queue", seen("#clear-faults").length, 1);
$("#clear-yes").click();
await entries(0);
await until("an empty queue", () => queue() === "");
eq("errcode after all", await text("x"), 0);
await entries(1);
$("#c-clear").click();
eq("it asks about an empty queue", seen("#clear-faults").length, 0);
$("#clear-yes").click();
await entries(0);
