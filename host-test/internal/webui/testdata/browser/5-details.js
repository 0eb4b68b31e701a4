// The details of a message, its permanent link and back, copying, deleting one, exporting all.
await post({msgtype: "text", text: {content: "one \\u544a"}});
await text("two");
await text("three");
await entries(3);
$("#r1 summary").click();
await until("details", () => $("#r1 .sources"));
eq("sources", $$("#r1 .source").length, 3);
eq("raw", /access_token=\*\*\*/.test($("#r1 pre").textContent), true);
eq("decoded", all("#r1 pre")[1].split("\n").map((line) => line.trim()).slice(0, 4), ["{", '"msgtype": "text",', '"text": {', '"content": "one \\\\u544a"']);
eq("command", all("#r1 pre")[2].includes("access_token=$TOKEN"), true);
$("#r1 .curl .copy").click();
await until("the command is copied", () => ["Copied", "Selected", "已复制", "已选中"].includes($("#r1 .curl .copy").textContent));

const link = $("#r2 .when").href;
const page = new DOMParser().parseFromString(await (await fetch(link)).text(), "text/html");
eq("way back", page.querySelector("nav a").getAttribute("href"), "../#r2");
eq("language of the details", page.documentElement.lang, document.documentElement.lang);

$("#r1 .delete").click();
await entries(2);
eq("what is left", $$(".entry").map((e) => e.id), ["r2", "r3"]);
eq("a deleted one", (await fetch("api/v1/requests/" + link.split("/").pop())).status, 200);
const exported = await (await fetch($("a[download]").href)).json();
eq("export", exported.map((r) => [r.kind, r.message.text]), [["message", "two"], ["message", "three"]]);
$("#r3 summary").click();
await until("details", () => $("#r3 .delete"));
$("#r3 .delete").click();
await until("the newest is another", () => $("#newest .line")?.textContent.endsWith("two"));
