"""HTTP: sessions, pace, redirects, robots.txt, retries."""
