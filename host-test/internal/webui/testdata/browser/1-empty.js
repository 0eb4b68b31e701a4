// The empty page tells how to post, and goes away.
eq("state", $("#state").textContent, zh ? "实时" : "Live");
eq("empty page", seen(".empty").length, 1);
for (const want of [location.origin + "/robot/send", "fake-access-token-0000000000000000"]) {
	eq("shows " + want, all(".empty code").includes(want), true);
}
eq("example", all(".empty pre"), ["curl " + location.origin + "/robot/send"]);
eq("no message", seen(".none").length, wide ? 1 : 0);
$(".empty .copy").click();
await until("the command is copied", () => ["Copied", "Selected", "已复制", "已选中"].includes($(".empty .copy").textContent));
eq("icon", (await fetch($("link[rel=icon]").href)).headers.get("Content-Type"), "image/svg+xml");
await text("x");
await entries(1);
eq("empty page with a message", seen(".empty").length, 0);
