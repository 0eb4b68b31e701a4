// Nothing is wider than the screen, and every text has a contrast of 4.5 to 1.
await markdown("Deep", Array.from({length: 100}, (_, i) => "  ".repeat(i) + "- level " + i).join("\n"));
await markdown("Quotes", ">".repeat(100) + " deep\n\n> one\n> > two\n\n`code`\n\n```\nif a < b {\n```\n- [ ] task ~~gone~~ <b>bold</b> @nobody");
await text("x".repeat(19000));
await text("https://ci.example/" + "y".repeat(5000), {at: {isAtAll: true}});
await markdown("R (1/2)", "part");
await post({msgtype: "actionCard", actionCard: {title: "Card", text: "text", singleTitle: "Go", singleURL: "dtmd://x"}});
await post({msgtype: "link", link: {title: "Link", text: "about", messageUrl: "https://a.example/", picUrl: "https://a.example/" + "p".repeat(300)}});
await text("");
await fetch("api/v1/faults", {method: "POST", body: '{"name":"busy","times":2}'});
await text("lost");
await fetch("/robot/send");
await entries(10);
for (const details of $$("details")) details.open = true;
await until("details", () => $$(".sources").length === 10);
await until("a fault in the queue", () => $(".queue"));
eq("height of a long message", $$(".bubble").every((b) => b.clientHeight <= innerHeight), true);
const blank = $("#r1 .prose").getBoundingClientRect();
eq("a deep list is narrow", [...$("#r1 .prose").querySelectorAll("li")].every((li) => li.getBoundingClientRect().width > 60 || !li.textContent.trim()), true);
eq("a deep list is in its bubble", $("#r1 .prose").scrollWidth <= blank.width + 1, true);

for (const hash of wide ? ["#group"] : ["#group", "#list", "#controls"]) {
	location.hash = hash;
	await sleep(100);
	eq(`${hash}: width of the page`, document.documentElement.scrollWidth <= innerWidth, true);
	for (const e of $$("main, aside, .bar, .tools, .panel, .bubble").filter((e) => e.checkVisibility())) {
		if (e.getBoundingClientRect().right > innerWidth + 1) failures.push(`${hash}: ${e.tagName} ${e.className || e.id} reaches beyond the screen`);
	}
	checkContrast(hash);
}
$("#c-clear").click();
checkContrast("dialog");
$("#clear [value='']").click();

function checkContrast(where) {
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	const faint = new Set();
	while (walker.nextNode()) {
		const e = walker.currentNode.parentElement;
		if (!walker.currentNode.data.trim() || !e.checkVisibility({visibilityProperty: true}) || e.closest("svg, .skip, option")) continue;
		const [ink, ground] = [parse(getComputedStyle(e).color), background(e)];
		if (contrast(ink, ground) < 4.5) faint.add(`${e.tagName}.${e.className} ${contrast(ink, ground).toFixed(2)}: ${walker.currentNode.data.trim().slice(0, 30)}`);
	}
	for (const text of faint) failures.push(`${where}: contrast of ${text}`);
}
function parse(color) {
	const [r, g, b, alpha = 1] = color.match(/[\d.]+/g).map(Number);
	return {rgb: [r, g, b], alpha};
}
function background(e) {
	for (; e; e = e.parentElement) {
		const color = parse(getComputedStyle(e).backgroundColor);
		if (color.alpha === 1) return color;
		if (color.alpha > 0) throw new Error(`${e.className} has a translucent ground`);
	}
	return parse("rgb(255, 255, 255)");
}
function contrast(a, b) {
	const luminance = ({rgb}) => rgb.map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
		.reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
	const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
	return (light + 0.05) / (dark + 0.05);
}
