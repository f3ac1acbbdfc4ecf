"""What residents of the simulated city post, on ordinary days and in storms, with what is repeated of it and what the city answers.

A day's posts depend on the city, the seed and the date alone, a storm's on the storm. It sends nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from math import log
from random import Random

from streams import events
from streams.events import SocialPosted, SocialReplied
from streams.simulator.city import City
from streams.simulator.city_file import Weights
from streams.simulator.days import Day
from streams.simulator.emergency_city import CHATTER, Emergency
from streams.simulator.openings import Choice, Hours, poisson
from streams.simulator.places import one_of
from streams.simulator.storms import DRAWN_FOR_HOURS, StormClock, awake_share, hit_by, hours_drawn
from streams.simulator.telling import Told

AUTHORS_A_POST = 0.8  # of ten posts two are of somebody who wrote before
UNASKED_REPLY_SHARE = 0.2  # what asks nothing is answered so much less often
HIT_MENTIONED_SHARE = 0.5
DIGITS, SPREAD_DEGREES = 5, 0.008
REPOST_MINUTES = 40.0


def posts_of_day(city: City, emergency: Emergency, seed: int, on: date) -> list[Told]:
    """What is posted on an ordinary day, and the answers to it, in order; the last answers come on the next day."""
    dice = Random(f"{seed}/{on}/posts")
    day = Day(city, on)
    hours = Hours(day, city.profiles[emergency.posts.profile])
    count = poisson(dice, emergency.posts.per_day[on.weekday()])
    at = sorted(day.begins + timedelta(seconds=hours.draw(dice)) for _ in range(count))
    writer = _Writer(city, emergency, dice, f"sim-{city.emergency_fingerprint(seed)}-{on:%Y%m%d}")
    return writer.told((instant, emergency.posts.topics) for instant in at)


def posts_of_storm(city: City, emergency: Emergency, seed: int, storm: StormClock) -> list[Told]:
    """What is posted because of a storm, and the answers to it, in order."""
    kind, dice = emergency.kinds[storm.kind], Random(f"{seed}/{storm.name}/posts")
    hours = sorted(hours_drawn(kind.posts_curve, kind.posts * storm.strength, dice))
    hit = hit_by(storm, kind, city.requests, seed) if city.requests is not None else []
    told: list[tuple[datetime, Weights]] = []
    for hour in hours:
        at = storm.at(hour)
        if storm.pressed or dice.random() < awake_share(city, emergency, at):
            topics = kind.topics_before if hour < 0 else kind.topics_during if hour < DRAWN_FOR_HOURS else kind.topics_after
            told.append((at, topics))
    speed = emergency.pressed.reply_speed if storm.pressed else 1.0
    prefix = f"sim-{city.emergency_fingerprint(seed)}-{storm.name}"
    return _Writer(city, emergency, dice, prefix, hit=hit, reply_speed=speed, calm=False).told(told)


class _Writer:
    """Writes the posts of one day or one storm."""

    def __init__(
        self,
        city: City,
        emergency: Emergency,
        dice: Random,
        prefix: str,
        *,
        hit: Sequence[int] = (),
        reply_speed: float = 1.0,
        calm: bool = True,
    ) -> None:
        self._city, self._emergency, self._dice, self._prefix = city, emergency, dice, prefix
        self._posts, self._source = emergency.posts, emergency.feeds.social.source
        self._hit, self._reply_speed, self._calm = hit, reply_speed, calm
        self._authors: list[str] = []
        self._number = 0
        self._choices: dict[int, Choice] = {}

    def told(self, wanted: Iterable[tuple[datetime, Weights]]) -> list[Told]:
        """The posts of some instants, each of one of some topics."""
        found: list[Told] = []
        for at, topics in wanted:
            choice = self._choices.get(id(topics))
            if choice is None:
                choice = self._choices[id(topics)] = Choice(topics)
            self._post(at, choice.draw(self._dice), found)
        found.sort(key=lambda one: (one.at, one.event.id))
        return found

    def _post(self, at: datetime, topic: str, found: list[Told]) -> None:
        dice, self._number = self._dice, self._number + 1
        post_id = f"{self._prefix}-P{self._number:05}"
        language = "es" if dice.random() < self._posts.spanish_share else "en"
        name, point = self._where()
        text = one_of(getattr(self._emergency.sentences[topic], language), dice).format(
            street=self._street(), place=name, number=100 * dice.randint(1, 60)
        )
        located = dice.random() < self._posts.with_place_share
        data = SocialPosted(
            post_id,
            text,
            author_hash=self._author(),
            verified=dice.random() < self._posts.verified_share,
            language=language,
            latitude=round(point[0] + dice.gauss(0, SPREAD_DEGREES), DIGITS) if located else None,
            longitude=round(point[1] + dice.gauss(0, SPREAD_DEGREES), DIGITS) if located else None,
        )
        found.append(Told(at, events.event(data, source=self._source, event_id=post_id, at=at)))
        if dice.random() < self._posts.reposted_share:
            found += self._reposts(post_id, at)
        if topic != CHATTER and (reply := self._reply(post_id, text, at)) is not None:
            found.append(reply)

    def _reposts(self, post_id: str, at: datetime) -> Iterator[Told]:
        for number in range(1 + int(self._dice.expovariate(1 / self._posts.reposts_mean))):
            again = at + timedelta(seconds=1 + round(self._dice.expovariate(1 / REPOST_MINUTES) * 60 / self._reply_speed))
            data = SocialPosted(f"{post_id}-R{number}", author_hash=self._author(), repost_of=post_id)
            yield Told(again, events.event(data, source=self._source, event_id=data.post_id, at=again))

    def _reply(self, post_id: str, text: str, at: datetime) -> Told | None:
        posts, dice = self._posts, self._dice
        if self._calm:
            share, minutes, spread = posts.calm_reply_share, posts.calm_reply_minutes, posts.calm_reply_spread
        else:
            share, minutes, spread = (
                posts.reply_share * (1 if "?" in text else UNASKED_REPLY_SHARE),
                posts.reply_minutes,
                posts.reply_spread,
            )
        if dice.random() >= share:
            return None
        minutes = min(dice.lognormvariate(log(minutes), spread), posts.longest_reply_hours * 60)
        replied_at = at + timedelta(seconds=20 + round(60 * minutes / self._reply_speed))
        data = SocialReplied(post_id, f"{post_id}-A")
        return Told(replied_at, events.event(data, source=self._source, event_id=data.reply_id, at=replied_at))

    def _author(self) -> str:
        if not self._authors or self._dice.random() < AUTHORS_A_POST:
            self._authors.append(f"{self._dice.getrandbits(128):032x}")
            return self._authors[-1]
        return one_of(self._authors, self._dice)

    def _where(self) -> tuple[str, tuple[float, float]]:
        requests = self._city.requests
        if requests is None:
            return "downtown", (0.0, 0.0)
        if self._hit and self._dice.random() < HIT_MENTIONED_SHARE:
            there = requests.neighborhoods[one_of(self._hit, self._dice)]
        else:
            there = one_of(requests.neighborhoods, self._dice)
        return there.name, there.point

    def _street(self) -> str:
        return one_of(self._city.requests.streets, self._dice) if self._city.requests is not None else "Main Street"
