"""Pages. A view reads what is asked, calls one use case and renders the answer."""
