"""The social feed: public posts from Mastodon, Bluesky and files, who wrote them as a keyed hash, and what they are about.

It writes no post, answers none, and dispatches nobody because of one.
"""
