// A new message does not move what somebody reads.
for (let i = 0; i < 60; i++) await text(`message ${i}`);
await entries(60);
const inSight = () => $("#log > :last-child").getBoundingClientRect().bottom <= innerHeight;
const top = () => $("#r30").getBoundingClientRect().top;
await until("the newest message", inSight);
await text("at the end");
await entries(61);
eq("stays at the newest", [inSight(), $("#newer").hidden], [true, true]);

$("#r30").scrollIntoView();
await sleep(200);
const before = top();
await text("while reading");
await entries(62);
await sleep(200);
eq("what is read moves by", top() - before, 0);
$("#newer").click();
await until("the newest message", () => $("#newer").hidden && inSight());
await fetch("api/v1/requests", {method: "DELETE"});
await entries(0);
eq("no news", $("#newest").textContent, "");
await text("again");
await entries(1);
