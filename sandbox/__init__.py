"""Emulators of video providers that speak their wire format, keep durable state and render real videos.

`sandbox.app.build` returns them as one ASGI application; `python -m sandbox` serves it. See README.md.
"""
