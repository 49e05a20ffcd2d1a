"""Opens the report's pages from disk in headless Chromium, and does with them what a reader does.

Usage: browser_test.py BVAE_REPORT_DEMO FOLDER. Exit code 77: skipped, because a component is missing (with CI=true that
is a failure). With BVAE_REPORT_PICTURES=FOLDER it leaves what it saw there, as PNGs and a PDF.
"""

import base64
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest
from decimal import ROUND_HALF_UP, Decimal


def skip(why):
    print(f"browser_test: {why} (Debian and Ubuntu: chromium, chromium-driver, python3-selenium)", file=sys.stderr)
    sys.exit(1 if os.environ.get("CI") == "true" else 77)


try:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
except ImportError:
    skip("python3 has no selenium")
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
if BROWSER is None or DRIVER is None:
    skip("there is no chromium" if BROWSER is None else "there is no chromedriver")

MINUS, PLUS_MINUS, DASH = "\u2212", "\u00b1", "\u2013"


def fixed(value, digits):
    """As the page prints it; exact halves are rounded away from zero."""
    exact = Decimal(abs(value)).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    return (MINUS if value < 0 and exact != 0 else "") + str(exact)


def open_browser():
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    arguments = ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--window-size=1200,1000"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    for argument in arguments:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(service=Service(DRIVER), options=options)


class PageTest(unittest.TestCase):
    folder = None  # of the page, below FOLDER

    @classmethod
    def setUpClass(cls):
        if cls.folder is None:
            raise unittest.SkipTest("has no page of its own")
        cls.browser = open_browser()
        cls.addClassCleanup(cls.browser.quit)
        cls.page = pathlib.Path(FOLDER, cls.folder, "report.html").resolve()
        cls.text = cls.page.read_text(encoding="utf-8")
        cls.summary = json.loads(re.search(r'<script type="application/json" id="summary">(.*?)</script>', cls.text, re.S)[1])

    def setUp(self):
        self.set_screen(1200, 1000)
        self.browser.get(self.page.as_uri())

    def set_screen(self, width, height, dark=False):
        self.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500)

    def command(self, name, **parameters):
        return self.browser.execute_cdp_cmd(name, parameters)

    def all(self, selector):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def run_script(self, script, *arguments):
        return self.browser.execute_script(script, *arguments)

    def background(self):
        return self.run_script("return getComputedStyle(document.body).backgroundColor")

    def metrics(self):
        return [metric for metric in self.summary["metrics"] if metric["listed"]]

    # ---- what holds for every page

    def test_says_nothing_in_the_console_and_asks_the_network_for_nothing(self):
        for details in self.all("details"):
            self.run_script("arguments[0].open = true", details)
        self.run_script("return new Promise(done => setTimeout(done, 200))")
        self.assertEqual(self.browser.get_log("browser"), [])
        asked = set()
        for entry in self.browser.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                asked.add(message["params"]["request"]["url"])
        foreign = {url for url in asked if not url.startswith("data:")} - {self.page.as_uri()}
        # The browser's own first page, which is none of ours.
        self.assertEqual({url for url in foreign if not url.startswith(("about:", "chrome:"))}, set())
        self.assertIn(self.page.as_uri(), asked)

    def test_the_network_is_forbidden(self):
        self.run_script("window.said = []; addEventListener('securitypolicyviolation', e => said.push(e.blockedURI));"
                        "new Image().src = 'http://127.0.0.1:9/x.png'; fetch('http://127.0.0.1:9/x').catch(() => 0);"
                        "return new Promise(done => setTimeout(done, 200))")
        self.assertEqual(sorted(self.run_script("return said")), ["http://127.0.0.1:9/x", "http://127.0.0.1:9/x.png"])

    def test_texts_are_no_markup(self):
        self.assertEqual(self.all("b[onclick]"), [])
        self.assertEqual(self.all("main i, main code b"), [])
        self.assertIn("</script><!--<script>", self.one("#settings").text)

    def test_pictures_load(self):
        for details in self.all("details"):
            self.run_script("arguments[0].open = true; arguments[0].scrollIntoView()", details)
        expected = sum(len(run["pictures"]) for run in self.summary["runs"])
        loaded = self.run_script("return Promise.all([...document.images].map(i => (i.loading = 'eager', i.decode().then(() => i.naturalWidth))))")
        self.assertEqual(loaded, [2] * expected)
        self.assertTrue(all(image.get_attribute("alt") for image in self.all("img")))

    def test_the_theme_follows_the_system_and_the_switch(self):
        light = self.background()
        self.set_screen(1200, 1000, dark=True)
        dark = self.background()
        self.assertNotEqual(light, dark)
        self.one("#theme").click()
        self.assertEqual(self.background(), light)
        self.one("#theme").click()
        self.assertEqual(self.background(), dark)
        self.set_screen(1200, 1000)
        self.assertEqual(self.background(), dark)

    def test_a_narrow_screen_needs_no_sideways_scroll(self):
        for width in (320, 390, 768):
            self.set_screen(width, 800)
            self.browser.refresh()
            for details in self.all("details"):
                self.run_script("arguments[0].open = true", details)
            self.assertLessEqual(self.run_script("return document.documentElement.scrollWidth"), width)

    def test_charts_have_titles_and_descriptions_and_no_broken_numbers(self):
        charts = self.all("figure svg[role=img]")
        self.assertGreaterEqual(len(charts), 5)
        for chart in charts:
            for reference in chart.get_attribute("aria-labelledby").split():
                self.assertTrue(self.run_script("return document.getElementById(arguments[0]).textContent.trim()", reference))
            self.assertNotIn("NaN", chart.get_attribute("outerHTML"))

    def test_arrow_keys_move_the_tooltip(self):
        chart = self.one("#training figure svg[role=img]")
        chart.send_keys(Keys.ARROW_LEFT)
        first = self.one("#tip").text
        self.assertIn("Beta, after 0.00 epochs", first)
        group = self.summary["groups"][0]
        self.assertIn(fixed(group["over_time"]["schedule"]["mean"][0], 3), first)
        chart.send_keys(Keys.ARROW_RIGHT)
        self.assertIn("Beta, after 0.50 epochs", self.one("#tip").text)
        chart.send_keys(Keys.ESCAPE)
        self.assertFalse(self.one("#tip").is_displayed())

    def test_headings_and_controls_have_names(self):
        self.assertEqual(len(self.all("h1")), 1)
        self.assertEqual(self.run_script("return document.documentElement.lang"), "en")
        for button in self.all("button"):
            self.assertTrue(button.text or button.get_attribute("aria-label"))
        self.assertEqual(self.run_script("return [...document.querySelectorAll('[id]')].length"),
                         self.run_script("return new Set([...document.querySelectorAll('[id]')].map(e => e.id)).size"))

    def test_leaves_pictures_for_people(self):
        place = os.environ.get("BVAE_REPORT_PICTURES")
        if not place:
            self.skipTest("BVAE_REPORT_PICTURES is not set")
        place = pathlib.Path(place)
        for name, width, dark in (("light", 1160, False), ("dark", 1160, True), ("phone", 390, False)):
            self.set_screen(width, 900, dark)
            self.browser.refresh()
            self.set_screen(width, self.run_script("return document.documentElement.scrollHeight"), dark)
            data = self.command("Page.captureScreenshot", format="png")["data"]
            (place / f"{self.folder}-{name}.png").write_bytes(base64.b64decode(data))
        data = self.command("Page.printToPDF", preferCSSPageSize=True, printBackground=True)["data"]
        (place / f"{self.folder}.pdf").write_bytes(base64.b64decode(data))


class GridPage(PageTest):
    folder = "grid"

    def test_holds_summary_json_byte_for_byte(self):
        self.assertIn((self.page.parent / "summary.json").read_text(encoding="utf-8"), self.text)

    def test_every_number_of_a_group_is_that_of_the_summary(self):
        rows = self.all("#numbers tbody tr")
        self.assertEqual(len(rows), len(self.summary["groups"]))
        seen = 0
        for row in rows:
            group = self.summary["groups"][int(row.get_attribute("data-row"))]
            self.assertEqual(row.find_element(By.TAG_NAME, "th").text, group["label"])
            cells = {cell.get_attribute("data-metric"): cell for cell in row.find_elements(By.TAG_NAME, "td")}
            self.assertEqual(cells["seeds"].text, str(len(group["seeds"])))
            for metric in self.metrics():
                estimate, digits = group["metrics"][metric["key"]], metric["digits"]
                text = re.sub(r"[\u25b2\u25bc\u2248]", "", cells[metric["key"]].text).strip()
                expected = DASH
                if estimate is not None:
                    expected = fixed(estimate["mean"], digits)
                    if estimate["low"] is not None:
                        expected += f" {PLUS_MINUS} {fixed((estimate['high'] - estimate['low']) / 2, digits)}"
                    if estimate["n"] < len(group["seeds"]):
                        expected += f" ({estimate['n']} of {len(group['seeds'])})"
                self.assertEqual(text, expected, (group["label"], metric["key"]))
                seen += 1
        self.assertEqual(seen, len(rows) * len(self.metrics()))

    def test_every_sign_is_the_verdict(self):
        signs = {"higher": "\u25b2", "lower": "\u25bc", "not told apart": "\u2248", None: ""}
        seen = set()
        for comparison in self.summary["comparisons"]:
            cell = self.one(f"#numbers tr[data-row='{comparison['group']}'] td[data-metric='{comparison['metric']}']")
            self.assertEqual("".join(re.findall(r"[\u25b2\u25bc\u2248]", cell.text)), signs[comparison["verdict"]])
            seen.add(comparison["verdict"])
        self.assertEqual(seen, set(signs), "the fixture should have every verdict")

    def test_the_verdict_in_words_has_the_summary_s_numbers(self):
        items = self.all(".verdicts li")
        digits = {metric["key"]: metric["digits"] for metric in self.summary["metrics"]}
        titles = {metric["key"]: metric["title"] for metric in self.summary["metrics"]}
        order = list(dict.fromkeys(comparison["group"] for comparison in self.summary["comparisons"]))
        self.assertEqual(len(items), len(order))
        for comparison in self.summary["comparisons"]:
            text, key = items[order.index(comparison["group"])].text, comparison["metric"]
            claim = re.search(rf"(?:^|[ :,]){re.escape(titles[key])} (higher|lower) by (\S+)", text)
            if comparison["verdict"] in ("higher", "lower"):
                self.assertEqual(claim.groups(), (comparison["verdict"], fixed(abs(comparison["difference"]["mean"]), digits[key])))
            else:
                self.assertIsNone(claim, text)

    def test_every_number_of_a_run_is_that_of_the_summary(self):
        self.one("#by-run").click()
        rows = self.all("#numbers tbody tr")
        self.assertEqual(len(rows), len(self.summary["runs"]))
        for row in rows:
            run = self.summary["runs"][int(row.get_attribute("data-row"))]
            cells = row.find_elements(By.TAG_NAME, "td")
            self.assertEqual(cells[0].text, str(run["seed"]))
            self.assertEqual(cells[-1].text, run["folder"])
            for metric, cell in zip(self.metrics(), cells[1:-1], strict=True):
                value = run["results"][metric["key"]]
                if metric["key"] == "log_likelihood" and value is not None:
                    value = value["mean"]
                digits = 0 if metric["key"] == "active_units" else metric["digits"]
                self.assertEqual(cell.text, DASH if value is None else fixed(value, digits))

    def sorted_by(self, button, column):
        self.run_script("arguments[0].scrollIntoView({block: 'center', inline: 'center'})", button)
        button.click()
        head = self.all("#numbers thead th")
        self.assertEqual([th.get_attribute("aria-sort") is not None for th in head], [index == column for index in range(len(head))])
        direction = head[column].get_attribute("aria-sort")
        values = self.run_script("return [...document.querySelectorAll('#numbers tbody tr')].map(row => {"
                                 "const cell = row.cells[arguments[0]]; return cell.dataset.value ?? cell.textContent; })", column)
        known = [value for value in values if value != ""]
        self.assertEqual(values[len(known):], [""] * (len(values) - len(known)), "what is not known comes last")
        return direction, known

    def test_each_column_sorts_both_ways(self):
        for table in ("#by-group", "#by-run"):
            self.one(table).click()
            self.assertEqual(self.one(table).get_attribute("aria-pressed"), "true")
            count = len(self.all("#numbers thead button"))
            self.assertGreaterEqual(count, 2 + len(self.metrics()))
            for column in range(count):
                button = self.all("#numbers thead button")[column]
                up, rising = self.sorted_by(button, column)
                down, falling = self.sorted_by(button, column)
                self.assertEqual((up, down), ("ascending", "descending"))
                try:
                    rising, falling = [float(v) for v in rising], [float(v) for v in falling]
                except ValueError:
                    pass
                self.assertEqual(rising, sorted(rising))
                self.assertEqual(falling, sorted(falling, reverse=True))
                self.assertGreater(len(rising), 0)

    def test_legends_hide_a_group_in_every_figure(self):
        shown = "return [...document.querySelectorAll('svg [data-group=\"1\"]')].filter(e => !e.hasAttribute('hidden')).length"
        before = self.run_script(shown)
        self.assertGreater(before, 4)
        button = self.all("#training .legend button")[1]
        button.click()
        self.assertEqual(self.run_script(shown), 0)
        self.assertEqual(self.all("#plane .legend button")[1].get_attribute("aria-pressed"), "false")
        button.click()
        self.assertEqual(self.run_script(shown), before)

    def test_left_out_runs_are_said(self):
        text = self.one("#excluded").text
        self.assertIn(f"1 of {self.summary['counts']['found']} runs", text)
        self.assertIn("cut is unreadable", text)

    def test_points_of_the_plane_are_the_runs(self):
        runs = [run for run in self.summary["runs"] if run["results"]["distortion"] is not None]
        lone = sum(len(self.summary["groups"][run["group"]]["seeds"]) == 1 for run in runs)
        self.assertEqual(len(self.all("#plane figure .run")), len(runs) - lone)
        means = sum(group["metrics"]["rate"]["n"] > 1 for group in self.summary["groups"])
        self.assertEqual(len(self.all("#plane figure .mark")), means + lone)
        self.assertEqual(len(self.all("#plane figure .whisker")), 2 * means)


class SinglePage(PageTest):
    folder = "single"

    def test_has_no_comparisons_and_no_bands(self):
        for selector in (".band", ".legend", ".verdicts", "#numbers table", "#plane figure"):
            self.assertEqual(self.all(selector), [], selector)

    def test_every_tile_is_the_run_s_number(self):
        results = self.summary["runs"][0]["results"]
        tiles = self.all(".tiles dd")
        self.assertEqual(len(tiles), len(self.metrics()))
        for tile, metric in zip(tiles, self.metrics(), strict=True):
            value = results[metric["key"]]
            value = value["mean"] if isinstance(value, dict) else value
            digits = 0 if metric["key"] == "active_units" else metric["digits"]
            self.assertEqual(tile.find_element(By.CLASS_NAME, "mean").text, fixed(value, digits))

    def test_says_why_it_stopped(self):
        self.assertIn("interrupted by <SIGINT>", self.one(".warning").text)


if __name__ == "__main__":
    DEMO, FOLDER = sys.argv[1:3]
    subprocess.run([DEMO, FOLDER], check=True)
    unittest.main(argv=sys.argv[:1], verbosity=2)
