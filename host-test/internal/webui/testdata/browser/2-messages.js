// Every message type, a message in parts, a refused one and one whose sender cannot know whether it was posted, as they arrive.
window.loaded = 1;
const at = (...atMobiles) => ({at: {atMobiles}});
const card = {title: "Release 2.4 waits", text: "### Release 2.4\n\nAll checks are green. @boss, may it go out?", btnOrientation: "1",
	btns: [{title: "Approve", actionURL: "https://ci.example/yes"}, {title: "Reject", actionURL: "https://ci.example/no"}]};
const feed = [{title: "What changed this week", messageURL: "https://news.example/1", picURL: "https://img.example/1.png"},
	{title: "A second headline that is rather long and therefore wraps", messageURL: "https://news.example/2", picURL: "https://img.example/2.png"}];
const codes = [
	await text("部署完成 deploy finished: https://ci.example/runs/4711\n@13800000001 please check, cc @13900000009", at("13800000001")),
	await markdown("Nightly build failed on main", "## Nightly build failed\n\n**3 of 412** tests failed on `main`, see [the log](https://ci.example/log). @13800000001\n\n" +
		"> connection refused: 10.0.0.7\n\n1. restart the runner\n2. repeat the job\n\n|test|result|\n|-|-|\n\n![chart of failures](https://img.example/chart.png)",
		{at: {atMobiles: ["13800000001"], isAtAll: true}}),
	await post({msgtype: "link", link: {title: "时代的火车向前开", text: "这个即将发布的新版本，创始人称它为红树林。而在此之前，每当面临重大升级，产品经理们都会取一个应景的代号。",
		messageUrl: "https://www.dingtalk.com/", picUrl: "https://img.example/train.png"}}),
	await post({msgtype: "actionCard", actionCard: card, at: {atUserIds: ["boss"]}}),
	await post({msgtype: "feedCard", feedCard: {links: feed}}),
	await text("x".repeat(20000)),
	await markdown("Weekly report (1/3)", "# Weekly report\n\nThe first part of a long one."),
	await markdown("Weekly report (2/3)", "The second part."),
	await markdown("Weekly report (3/3)", "The third part, and the last."),
];
await fetch("api/v1/faults", {method: "POST", body: '{"name":"accept-then-502"}'});
codes.push(await markdown("Is it there?", "*Was it posted?*"), await text("the last word"));
eq("errcodes", codes, [0, 0, 0, 0, 0, 460101, 0, 0, 0, "HTTP 502", 0]);
await entries(11);

eq("kinds", $$(".entry").map((e) => e.dataset.type ?? e.dataset.kind).join(" "),
	"text markdown link actionCard feedCard refused markdown markdown markdown markdown text");
eq("mentions", all("#r1 :is(.mention, .missed)"), ["@13800000001", "@13900000009", "@13800000001", "@13900000009"]);
eq("notes", all("#r1 .notes li"), zh ? ["@13800000001 已提醒", "@13900000009 没有提醒：不在消息的 at 里"]
	: ["@13800000001 is notified", "@13900000009 is not notified: not in the message's at"]);
eq("marks", all("#r2 .mark code"), ["DINGTALK_BOT_MARKDOWN=phone"]);
eq("refused", all("#r6 .why"), [zh ? "已拒绝：正文有 20040 字节，最多 20000 字节" : "refused: the body has 20040 bytes, of at most 20000"]);
eq("doubt", all("#r10 .doubt"), [zh ? "已发到群里，但发送方收到的是：HTTP 502，不是机器人的响应" : "Posted, but the sender received: HTTP 502, an answer that is not the robot's"]);
eq("newest", all("#newest .line"), Array(2).fill((zh ? "测试机器人" : "Robot") + ": the last word"));
eq("loaded once", window.loaded, 1);
await checkSeries("r7", "r8", "r9");

// checkSeries requires that parts touch each other, belong to the same series, and have one head.
async function checkSeries(first, ...ids) {
	$("#" + first).scrollIntoView(); // out of sight, heights are estimates
	let before = $(`#${first} .bubble`);
	for (const id of ids) {
		const bubble = $(`#${id} .bubble`), above = before;
		const gap = () => bubble.getBoundingClientRect().top - above.getBoundingClientRect().bottom;
		await until(`${id} to touch the one above`, () => gap() <= 0 && gap() >= -1.5);
		eq(`series of ${id}`, $("#" + id).dataset.series, $("#" + first).dataset.series);
		eq(`head of ${id}`, seen(`#${id} .head`).length, 0);
		before = bubble;
	}
	eq("missing parts", seen(".waiting").length, 0);
}
$("#r2").scrollIntoView();
await sleep(200);
