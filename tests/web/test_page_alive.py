"""The page in Chromium: what recomputes is the circuit, by hand and keyboard,
and nothing is asked for or complained about."""

import unittest

from browser import Browser, skip
from pages import folder, has_module, make

if not has_module():
    skip("this build makes static pages")


class Alive(unittest.TestCase):
    def test_it_comes_alive_and_asks_for_nothing(self):
        with folder() as place, Browser() as browser:
            url = make(place, "page.html", "--demo").as_uri()
            page = browser.open(url)
            page.wait("document.body.classList.contains('ready')")
            self.assertEqual(page.requests, [url])
            self.assertEqual(page.complaints, [])


if __name__ == "__main__":
    unittest.main()
