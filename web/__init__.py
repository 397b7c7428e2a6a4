"""The site. It reads published generations and never imports torch."""
