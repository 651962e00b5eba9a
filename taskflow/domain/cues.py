"""Words that tell of hurry or delay: a small hand-written lexicon of cues, and how they are found in a text.

Each cue group has a weight in levels (+1 = one level up). Entries are words or phrases in lower case; matching is on whole words, the
longest phrase first, and takes plain English endings (`invoices`, `leaking`) for the word they belong to. A cue right after `not`,
`no` or `isn't` is turned round: "not urgent" is no sign of hurry.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class CueGroup:
    """One kind of cue: its stable code, its weight in levels, and its words and phrases."""

    code: str
    weight: float
    entries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cue:
    """A cue found in a text: the words as they stand there, and whether a negation turns it round."""

    group: CueGroup
    words: str
    negated: bool


def _group(code: str, weight: float, entries: str) -> CueGroup:
    return CueGroup(code, weight, tuple(entry.strip() for entry in entries.split(",") if entry.strip()))


GROUPS: tuple[CueGroup, ...] = (
    _group(
        "hurry",
        1.0,
        "urgent, urgently, asap, a.s.a.p, immediately, immediate, emergency, critical, right away, right now, at once, straight away,"
        " top priority, high priority, highest priority, drop everything, time critical, time sensitive, time-critical,"
        " time-sensitive, last chance, last day, final notice, final warning, final reminder, final demand, last reminder,"
        " before it closes, before they close, closes today, closes tonight, now, p0, p1, sev0, sev1, sev-1, blocker, showstopper,"
        " dringend, sofort, eilig, eilt, urgence, urgente, urgentemente, inmediatamente, subito, spoed, presto, срочно, pilne",
    ),
    _group(
        "today",
        0.55,
        "today, tonight, this morning, this afternoon, this evening, by noon, by midday, by lunch, by lunchtime, by midnight, by eod,"
        " eod, end of day, end of shift, before close, by close, cob, in an hour, within the hour, within hours, by end of day,"
        " heute, aujourd'hui, hoy, oggi, vandaag",
    ),
    _group(
        "soon",
        0.3,
        "tomorrow, this week, by friday, by monday, by tuesday, by wednesday, by thursday, before the weekend, eow, end of week,"
        " overdue, late, second reminder, reminder, chase, chasing, morgen, demain, mañana, domani, running out, runs out, expires,"
        " expire, expiring, expiry, deadline, due, last minute, by tomorrow, second notice",
    ),
    _group(
        "outage",
        1.0,
        "outage, is down, are down, went down, goes down, offline, crash, crashed, crashing, crashes, crash loop, oom, 5xx, 500s,"
        " data loss, losing data, corrupt, corrupted, corruption, incident, pager, paged, sev2, failover, replication lag,"
        " production down, prod down, cannot log in, can't log in, cannot login, logged out, locked out, not working, stopped working,"
        " won't start, does not start, broken down, no power, power cut, no water, no heating, no hot water, burst, flood, flooded,"
        " flooding, leak, leaking, on fire, smoke, gas smell, smell of gas, sparks, sparking, hang, deadlock, stuck, timeouts,"
        " unresponsive, unavailable, rollback, roll back, hotfix, regression, failing in production, nothing delivered, alarm",
    ),
    _group(
        "failure",
        0.45,
        "broken, broke, fails, failing, failed, failure, error, errors, bug, fault, faulty, wrong, missing, lost, stolen, defect,"
        " rejected, bounced, declined, exception, nullpointerexception, npe, leaks, damaged, cracked, jammed, blocked, degraded, slow",
    ),
    _group(
        "health",
        0.75,
        "hospital, a&e, er visit, doctor, gp, ambulance, fever, temperature, bleeding, blood, allergy, allergic, medicine, medication,"
        " meds, antibiotics, prescription, pharmacy, insulin, inhaler, dose, rash, pain, injury, injured, infection, swollen, vomiting,"
        " seizure, chest, concussion, poison, poisoned, vet, biopsy, scan results, test results, surgery, surgeon, wound, sick,"
        " overdose, stroke, breathing, limping, unwell, symptom, symptoms, toothache, relapse, suicidal, safeguarding, colic, lame",
    ),
    _group(
        "safety",
        0.8,
        "unsafe, danger, dangerous, hazard, safety, evacuation, carbon monoxide, electrocuted, shock, exposed wire, exposed wiring,"
        " recall, brakes, brake, asbestos, accident, missing child, abuse, threat, police, break-in, burglary, trapped, collapse",
    ),
    _group(
        "security",
        0.85,
        "cve, breach, breached, vulnerability, vulnerable, exploit, exploited, phishing, ransomware, malware, hacked, leaked, leaked key,"
        " leaked token, rce, zero day, zero-day, unauthorized access, unauthorised access, fraud, fraudulent, scam, compromised,"
        " data protection breach, security hole, security issue, credential leak, exposed",
    ),
    _group(
        "legal",
        0.55,
        "court, hearing, lawsuit, lawyer, solicitor, subpoena, summons, injunction, filing, limitation, statute, tribunal, visa, permit,"
        " passport, tax return, tax, taxes, vat, hmrc, irs, penalty, fine, audit, auditor, inspection, inspector, compliance, gdpr,"
        " regulator, licence, license, eviction, bailiff, custody, contract, notice period, appeal, legal, lapse, lapses, grant",
    ),
    _group(
        "money",
        0.3,
        "invoice, bill, bills, rent, payroll, wages, salary, salaries, pay, payment, refund, mortgage, insurance, debt, loan, deposit,"
        " overdraft, bank, benefit, budget, quote, supplier, pension, claim, direct debit, premium, expense, expenses, reimbursement",
    ),
    _group(
        "people_wait",
        0.5,
        "waiting for me, waiting on me, waits for me, are waiting, is waiting, customer, customers, client, clients, complaint,"
        " complains, complained, complaining, angry, furious, boss, ceo, board, minister, promised, holds up, holding up, blocks,"
        " blocking, blocked by us, escalated, escalation, can't work, cannot work, without it, depends on, signs off, sign-off,"
        " sign off, stakeholder, investor, investors, journalist, press, vip, tenant, tenants, passengers, guests arrive",
    ),
    _group(
        "commitment",
        0.3,
        "interview, exam, presentation, submit, submission, application, appointment, launch, release, ship, deploy, deliver, delivery,"
        " hand in, handover, renew, renewal, register, registration, book, sign, confirm, reply, answer, call back, ring back, approve,"
        " review, funeral, wedding, birthday, flight, train, check-in, viewing, rsvp, enrol, enroll, vote, form, thesis, midterm,"
        " coursework, essay, assignment, results, consent, referral, proposal, offer, candidate, onboarding, disciplinary",
    ),
    _group(
        "loss",
        0.4,
        "last ones, selling out, sells out, sold out, only two left, non-refundable, forfeit, will be cancelled, gets cancelled, or else,"
        " otherwise, before it, before they, no late, too late, irreversible, perish, spoil, spoils, rotting, frost, dying, wilting,"
        " goes bad, out of stock, run out, ran out, none left, empty",
    ),
    _group(
        "someday",
        -0.9,
        "someday, some day, one day, maybe, perhaps, eventually, sometime, at some point, when i have time, when there is time,"
        " if i have time, if there's time, if time, when bored, nice to have, nice-to-have, no rush, no hurry, no deadline,"
        " not urgent, non-urgent, low priority, low prio, whenever, idea, ideas, wishlist, wish list, bucket list, backlog,"
        " would be nice, would be fun, just for fun, for fun, not important, can wait, later, next year, in winter, long term,"
        " irgendwann, vielleicht, peut-être, un jour, algún día, quizás, forse, ooit, p4, p3, parking lot, rainy day, low-priority",
    ),
    _group(
        "leisure",
        -0.6,
        "read, watch, listen, podcast, film, movie, series, show, netflix, game, games, playlist, album, vinyl, knit, knitting, crochet,"
        " sew, paint, painting, sketch, guitar, piano, hobby, hobbies, browse, blog, novel, museum, concert, festival, lego, puzzle,"
        " miniatures, photo, photos, album, collage, wine, beer, brew, recipe, recipes, bake, fishing, bike ride, hike, birdwatching,"
        " telescope, garden centre, try out, learn, fun, trilogy, documentary, comic, bookmark, bookmarks, newsletter, article",
    ),
    _group(
        "tidying",
        -0.6,
        "tidy, tidy up, clean up, cleanup, clean, declutter, organise, organize, sort, sort out, rename, refactor, refactoring, typo,"
        " typos, cosmetic, polish, prune, archive, reorganise, reorganize, alphabetise, dust, hoover, vacuum, sweep, mop, wipe, label,"
        " labels, defrost, descale, iron, ironing, wash, laundry, mow, weed, rake, repot, wardrobe, shelf, shelves, attic, loft,"
        " shed, drawer, drawers, old, unused, deprecated, dead code, formatting, readme, javadoc, comment, comments, whitespace,"
        " style, lint, tech debt, wiki, docs, documentation, spelling, nit, nitpick, spam, bins, minor, trivial",
    ),
    _group(
        "exploring",
        -0.45,
        "look into, look at, think about, consider, research, explore, investigate, compare, experiment, prototype, spike, play with,"
        " play around, brainstorm, evaluate, find out, check out, see if, wonder, new desk, upgrade, improve, improvement, optimise,"
        " optimize, enhance, add support, support for, feature request, redesign, ideas for, plan, template, colour, color, logo",
    ),
    _group(
        "errand",
        -0.25,
        "buy, groceries, shopping, order, pick up, return, library, post office, haircut, pick, top up, water plants, car wash, meal plan,"
        " gift, present, card, souvenir, batteries, light bulb, bulbs, curtains, cushion, candle, mug, poster, frame",
    ),
)

_WORD = re.compile(r"[\w&'’.\-]*\w", re.UNICODE)
_NEGATIONS = frozenset({"not", "no", "isn't", "isn’t", "never", "without", "nicht", "kein", "pas"})
#: Endings that a word may lose, longest first, to be compared with the lexicon.
_ENDINGS = ("ings", "ing", "ies", "ed", "es", "s")
#: Characters of a text in which cues are looked for: enough for any note, and it bounds the work.
SCANNED = 4_000


def stem(word: str) -> str:
    """`word` in lower case without a plain English ending; short words are left as they are."""
    word = word.casefold().replace("’", "'")
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            return word[: -len(ending)] + ("y" if ending == "ies" else "")
    return word


@cache
def _phrases() -> tuple[dict[tuple[str, ...], CueGroup], int]:
    """All entries by their stemmed words, and the length of the longest one in words."""
    table: dict[tuple[str, ...], CueGroup] = {}
    for group in GROUPS:
        for entry in group.entries:
            table.setdefault(tuple(stem(word) for word in _WORD.findall(entry)), group)
    return table, max(map(len, table))


def find_cues(text: str) -> Iterator[Cue]:
    """The cues in the first `SCANNED` characters of `text`, from left to right, without overlaps."""
    table, longest = _phrases()
    found = list(_WORD.finditer(text[:SCANNED]))
    stems = [stem(match.group()) for match in found]
    position = 0
    while position < len(found):
        for length in range(min(longest, len(found) - position), 0, -1):
            group = table.get(tuple(stems[position : position + length]))
            if group is None:
                continue
            words = text[found[position].start() : found[position + length - 1].end()]
            yield Cue(group, words, any(word in _NEGATIONS for word in stems[max(0, position - 2) : position]))
            position += length - 1
            break
        position += 1


def strongest(cues: Iterable[Cue]) -> dict[str, Cue]:
    """One cue a group, by the group's code: the first that is not negated, else the first."""
    kept: dict[str, Cue] = {}
    for cue in cues:
        known = kept.get(cue.group.code)
        if known is None or (known.negated and not cue.negated):
            kept[cue.group.code] = cue
    return kept
