"""The two READMEs say the same: the same sections, commands, words of code and links in both; and every link leads somewhere."""

import glob

from common import *

CHINESE = re.compile("[\u4e00-\u9fff]")
FENCED = re.compile(r"(?ms)^```(\w+)\n(.*?)^```$")


def prose(text):
    return FENCED.sub("", text)


def parts(text):
    """What both languages share."""
    words = prose(text)
    return {
        "headings": re.findall(r"(?m)^#+ ", words),
        # Without remarks, and without the drawing, whose words are translated.
        "blocks": [(kind, [re.sub(r"\s+(# |// ).*", "", line) for line in body.split("\n")]) for kind, body in FENCED.findall(text)
                   if kind != "text"],
        "links": sorted(set(re.findall(r"\]\(([^)]+)\)", words)) - {"README.md", "README.zh-CN.md"}),
        "code": sorted(set(re.findall(r"`([^`]+)`", words))),
        "items": len(re.findall(r"(?m)^- ", words)),
        "rows": len(re.findall(r"(?m)^\| ", words)),
    }


class Languages(unittest.TestCase):
    def test_the_same_content(self):
        self.maxDiff = None
        english, chinese = parts(text_of("README.md")), parts(text_of("README.zh-CN.md"))
        for part in english:
            self.assertEqual(chinese[part], english[part], part)

    def test_no_paragraph_is_missing(self):
        english, chinese = ([p for p in prose(text_of(name)).split("\n\n") if p.strip()] for name in ("README.md", "README.zh-CN.md"))
        self.assertEqual(len(english), len(chinese))
        for paragraph in chinese[1:]:
            self.assertRegex(paragraph, CHINESE)


class Links(unittest.TestCase):
    def slug(self, heading):
        return re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", heading).lower()).replace(" ", "-")

    def test_they_lead_somewhere(self):
        pages = glob.glob(os.path.join(TREE, "*.md")) + glob.glob(os.path.join(TREE, "docs", "**", "*.md"), recursive=True)
        self.assertGreater(len(pages), 15)
        for page in pages:
            with open(page, encoding="utf-8") as file:
                text = prose(file.read())
            for target in re.findall(r"\]\(([^)\s]+)\)", text):
                if re.match(r"https?://|mailto:", target):
                    continue
                path, _, anchor = target.partition("#")
                path = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
                self.assertTrue(os.path.exists(path), "%s: %s" % (page, target))
                if anchor and path.endswith(".md"):
                    with open(path, encoding="utf-8") as file:
                        anchors = [self.slug(heading) for heading in re.findall(r"(?m)^#+ (.*)$", prose(file.read()))]
                    self.assertIn(anchor, anchors, "%s: %s" % (page, target))


if __name__ == "__main__":
    unittest.main()
