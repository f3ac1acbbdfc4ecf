"""Who may see and do what: roles, sign-in by OpenID Connect, tokens of displays, and the gate that every request passes.

`roles` is the one table of it. Nothing here knows a figure.
"""
