"""HTTP: sessions, rate limits, redirects, robots.txt, retries."""
