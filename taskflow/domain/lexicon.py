"""Words that tell of hurry or delay: a small lexicon of cues, written by hand for this project.

Each group has a weight in levels (+1 = one level up). Entries are words or phrases in lower case, separated by commas;
`cues.py` finds them in a text. An entry counts for the first group that has it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CueGroup:
    """One kind of cue: its stable code, its weight in levels, and its words and phrases."""

    code: str
    weight: float
    entries: tuple[str, ...]


def _group(code: str, weight: float, entries: str) -> CueGroup:
    return CueGroup(code, weight, tuple(" ".join(entry.split()) for entry in entries.split(",") if entry.strip()))


GROUPS: tuple[CueGroup, ...] = (
    _group(
        "hurry",
        0.85,
        """
        urgent, urgently, asap, a.s.a.p, immediately, immediate, emergency, critical, right away, right now, at
        once, straight away, top priority, high priority, highest priority, drop everything, time critical, time
        sensitive, time-critical, time-sensitive, last chance, last day, final notice, final warning, final
        reminder, final demand, last reminder, before it closes, before they close, closes today, closes tonight,
        now, p0, p1, sev0, sev1, sev-1, blocker, showstopper, dringend, sofort, eilig, eilt, urgence, urgente,
        urgentemente, inmediatamente, subito, spoed, presto, срочно, pilne, as soon as possible, without delay, do
        this first, first thing, cannot wait, can't wait, won't wait, must not miss, do not miss, don't miss,
        ultimatum, sos, mayday, acute, pressing, priority 1, prio 1, call now, ring now, red alert, final call, last
        call, 911, 999, 112, 111
        """,
    ),
    _group(
        "today",
        0.55,
        """
        today, tonight, this morning, this afternoon, this evening, by noon, by midday, by lunch, by lunchtime, by
        midnight, by eod, eod, end of day, end of shift, before close, by close, cob, in an hour, within the hour,
        within hours, by end of day, heute, aujourd'hui, hoy, oggi, vandaag, before noon, before lunch, before work,
        before school, before handover, before the meeting, on the way home, in 10 minutes, in 30 minutes, in one
        hour, in two hours, within 24 hours, within 24h, overnight, any minute, already late, started already, same
        day, same-day, in the next hour, heute noch, ce soir
        """,
    ),
    _group(
        "soon",
        0.3,
        """
        tomorrow, this week, by friday, by monday, by tuesday, by wednesday, by thursday, before the weekend, eow,
        end of week, overdue, late, second reminder, reminder, chase, chasing, morgen, demain, mañana, domani,
        running out, runs out, expires, expire, expiring, expiry, deadline, due, last minute, by tomorrow, second
        notice, before monday, before tuesday, before wednesday, before thursday, before friday, in two days, in 2
        days, next few days, within days, day after tomorrow, third reminder, chased, chase up, closing soon,
        closes, ends soon, ends, last week, final week, window closes, cutoff, cut-off, cut off
        """,
    ),
    _group(
        "outage",
        0.85,
        """
        database down, db down, server down, servers down, site down, website down, production down, prod down, api
        down, service down, system down, systems down, network down, internet down, wifi down, everything down, all
        down, phones down, till down, heating down, email down, login down, checkout down, outage, is down, are
        down, went down, goes down, offline, crash, crashed, crashing, crashes, crash loop, oom, 5xx, 500s, data
        loss, losing data, corrupt, corrupted, corruption, incident, pager, paged, sev2, failover, replication lag,
        cannot log in, can't log in, cannot login, logged out, locked out, not working, stopped working, won't
        start, does not start, broken down, no power, power cut, no water, no heating, no hot water, burst, flood,
        flooded, flooding, leak, leaking, on fire, smoke, gas smell, smell of gas, sparks, sparking, hang, deadlock,
        stuck, timeouts, unresponsive, unavailable, rollback, roll back, hotfix, regression, failing in production,
        nothing delivered, alarm, outages, failing over, on the floor, nothing works, dead in the water, water off,
        power off, heating off, gas off, off the grid, no signal, no internet, no connection, no electricity, no
        gas, stopped, stops working, knocked out, blown, blew, exploded, overflowing, overflow, sewage, backed up,
        bricked, black screen, blue screen, kernel panic, panic, data lost, lost data, wiped, overwrites,
        overwritten, softlock, frozen, freezes, freeze, hung, 502, 503, 504, 500 errors, cannot pay, can't pay,
        checkout fails, cannot connect, can't connect, disk full, out of memory, queue stuck, not delivered, locked
        up, seized, tripping, trips the breaker, short circuit, queued
        """,
    ),
    _group(
        "failure",
        0.45,
        """
        down, goes offline, not loading, does not load, unreachable, broken, broke, fails, failing, failed, failure,
        error, errors, bug, fault, faulty, wrong, missing, lost, stolen, defect, rejected, bounced, declined,
        exception, nullpointerexception, npe, leaks, damaged, cracked, jammed, blocked, degraded, slow, issue,
        problem, trouble, malfunction, leaky, cannot, can't, won't, doesn't work, not responding, refused, refuses,
        dropped, dropping, tears, torn, snapped, flat tyre, puncture, grinding, rattling, incorrect, mismatch,
        unexpected, inconsistent, race condition, flaky, vanished, disappeared, out of sync, upset stomach
        """,
    ),
    _group(
        "health",
        0.75,
        """
        hospital, a&e, er visit, doctor, gp, ambulance, fever, temperature, bleeding, blood, allergy, allergic,
        medicine, medication, meds, antibiotics, prescription, pharmacy, insulin, inhaler, dose, rash, pain, injury,
        injured, infection, swollen, vomiting, seizure, chest, concussion, poison, poisoned, vet, biopsy, scan
        results, test results, surgery, surgeon, wound, sick, overdose, stroke, breathing, limping, unwell, symptom,
        symptoms, toothache, relapse, suicidal, safeguarding, colic, lame, collapsed, collapse, unconscious, faint,
        fainted, dizzy, chest pain, heart, cardiology, cancer, chemo, icu, midwife, labour, labor, contractions,
        miscarriage, broken arm, broken leg, broken bone, fracture, burn, burns, choking, dehydrated, diarrhoea,
        diarrhea, wheezing, asthma, anaphylaxis, diabetic, dialysis, psychiatric, panic attack, self-harm, prolapse,
        bloat, mastitis, dead, died, dying, dies, death, abscess, lump, head injury, stitches,
        x-ray, nosebleed, bruising, hurt, hurts, migraine, feverish, limp, calving, lambing, breech, scouring,
        tablets, pills, warfarin, epipen, emergency vet, dentist pain
        """,
    ),
    _group(
        "safety",
        0.8,
        """
        unsafe, danger, dangerous, hazard, safety, evacuation, carbon monoxide, electrocuted, shock, exposed wire,
        exposed wiring, recall, brakes, brake, asbestos, accident, missing child, abuse, threat, police, break-in,
        burglary, trapped, child alone, left alone, on the road, out on the road, gas leak, chemical, spill, slip,
        fall, fell, falling, loose cable, live wire, unstable, unsupervised, weapon, assault, harassment, harassed,
        stalking, threatened, missing person, lost child, escaped, loose dog, evacuate, fire, alarm going, mould,
        rat, rats, wasps
        """,
    ),
    _group(
        "security",
        0.85,
        """
        cve, breach, breached, vulnerability, vulnerable, exploit, exploited, phishing, ransomware, malware, hacked,
        leaked, leaked key, leaked token, rce, zero day, zero-day, unauthorized access, unauthorised access, fraud,
        fraudulent, scam, compromised, data protection breach, security hole, security issue, credential leak,
        exposed, password leaked, data leak, injected, injection, xss, sql injection, privilege escalation, open to
        the internet, public bucket, backdoor, spoofed, identity theft, suspicious, locked account, account locked,
        suspended account, frozen account, unauthorised, unauthorized, stolen card, card stolen, stolen laptop, lost
        laptop, lost phone, intruder, key rotated
        """,
    ),
    _group(
        "legal",
        0.45,
        """
        court, hearing, lawsuit, lawyer, solicitor, subpoena, summons, injunction, filing, limitation, statute,
        tribunal, visa, permit, passport, tax return, tax, taxes, vat, hmrc, irs, penalty, fine, audit, auditor,
        inspection, inspector, compliance, gdpr, regulator, licence, license, eviction, bailiff, custody, contract,
        notice period, appeal, legal, lapse, lapses, grant, deposition, brief, motion, arraignment, bail, plea,
        statute of limitations, tro, witness, affidavit, subpoenas, probate, notary, power of attorney, immigration,
        residence permit, work permit, embassy, citizenship, customs, sanctions, whistleblower, grievance,
        disciplinary, dismissal, termination, redundancy, works council, labour inspectorate, osha, fda, iso audit,
        certification, certificate, food safety, health inspector, fire inspection, mot, gas safe, insurance lapses,
        file by, e-filing, notice of appeal, settlement, mediation, breach of contract
        """,
    ),
    _group(
        "money",
        0.15,
        """
        invoice, bill, bills, rent, payroll, wages, salary, salaries, pay, payment, refund, mortgage, insurance,
        debt, loan, deposit, overdraft, bank, benefit, budget, quote, supplier, pension, claim, direct debit,
        premium, expense, expenses, reimbursement, paying, paid, unpaid, arrears, overcharged, double charged,
        charged twice, owe, owed, owes, cash flow, cashflow, transfer, wire, standing order, credit card, council
        tax, utility bill, subscription charge, payslip, bonus, commission, royalties, purchase order, remittance,
        collections, bailiffs, fee, fees, subsidy, funding, fund, bid, tender
        """,
    ),
    _group(
        "people_wait",
        0.5,
        """
        waiting for me, waiting on me, waits for me, are waiting, is waiting, customer, customers, client, clients,
        complaint, complains, complained, complaining, angry, furious, boss, ceo, board, minister, promised, holds
        up, holding up, blocks, blocking, blocked by us, escalated, escalation, can't work, cannot work, without it,
        depends on, signs off, sign-off, sign off, stakeholder, investor, investors, journalist, press, vip, tenant,
        tenants, passengers, guests arrive, upset, worried, anxious, rang twice, called twice, called again, asked
        again, asking again, asks again, wants an answer, wants to know, wants status, expects, expecting, cannot
        start, can't start, blocked on me, blocks release, blocks the release, release blocked, is stuck, are stuck,
        team is stuck, unblock, dependents, for the boss, owner asks, director, professor, headteacher, landlord,
        patient, patients, bride, groom, elderly, newborn, baby, toddler, kids alone, pupils, apology, apologise,
        apologize, dissatisfied, support tickets, tickets, outvoted, users report, users cannot, users can't,
        reported by, partner integration, counterparty, opposing counsel, judge, inspector waits
        """,
    ),
    _group(
        "commitment",
        0.2,
        """
        interview, exam, presentation, submit, submission, application, appointment, launch, release, ship, deploy,
        deliver, delivery, hand in, handover, renew, renewal, register, registration, book, sign, confirm, reply,
        answer, call back, ring back, approve, review, funeral, wedding, birthday, flight, train, check-in, viewing,
        rsvp, enrol, enroll, vote, form, thesis, midterm, coursework, essay, assignment, results, consent, referral,
        proposal, offer, candidate, onboarding, final exam, dissertation, defence, defense, viva, defend, publish,
        go live, go-live, goes live, rollout, roll out, kick-off, kickoff, demo, pitch, milestone, signing, closing,
        speech, talk, keynote, concert performance, rehearsal, recital, parents evening, parents' evening, school
        play, sports day, graduation, christening, driving test, moving day, handing over, pick up kids, collect,
        school run, nursery, shift, on call, on-call, call, ring, phone, promised to, take home, cover letter, cv,
        job offer, abstract, camera-ready, camera ready, rebuttal, irb, ethics form, grading, marks due, report
        card, take delivery, harvest, sow, vaccination, jab
        """,
    ),
    _group(
        "loss",
        0.4,
        """
        last ones, selling out, sells out, sold out, only two left, non-refundable, forfeit, will be cancelled, gets
        cancelled, or else, otherwise, before it, before they, no late, too late, irreversible, perish, spoil,
        spoils, rotting, frost, wilting, goes bad, out of stock, run out, ran out, none left, empty, filling up,
        fills up, almost gone, going fast, gone by, first come, first served, price going up, price rises, voucher,
        coupon, discount ends, deposit lost, lose the deposit, lose our place, lose the slot, cancelled if,
        withdrawn, penalty after, interest charged, late fee, fines, autorenews, auto-renews, autorenew, auto-renew,
        before autorenew, running low, low on, nearly out, almost out, last roll, last box, last one, 1 left, one
        left, rain coming, before the rain, before frost, heatwave, storm, thirsty, mouldy, melting, defrosting,
        ripe, overripe
        """,
    ),
    _group(
        "someday",
        -0.7,
        """
        someday, some day, one day, maybe, perhaps, eventually, sometime, at some point, when i have time, when
        there is time, if i have time, if there's time, if time, when bored, nice to have, nice-to-have, no rush, no
        hurry, no deadline, not urgent, non-urgent, low priority, low prio, whenever, idea, ideas, wishlist, wish
        list, bucket list, backlog, would be nice, would be fun, just for fun, for fun, not important, can wait,
        later, next year, in winter, long term, irgendwann, vielleicht, peut-être, un jour, algún día, quizás,
        forse, ooit, p4, p3, parking lot, rainy day, low-priority, when possible, if possible, some time, no
        pressure, at leisure, when free, in a while, one of these days, not now, next month, next quarter, next
        summer, next winter, next spring, over the holidays, dream, dreaming, pipe dream, fantasy, eventually maybe,
        hobby project, side project, stretch goal, optional, could, might, wouldn't it be nice, quelque part,
        irgendwo, if we ever, in the future, future, retirement project, low importance, filler, whenever there's
        time, whenever you like
        """,
    ),
    _group(
        "leisure",
        -0.5,
        """
        read, watch, listen, podcast, film, movie, series, show, netflix, game, games, playlist, album, vinyl, knit,
        knitting, crochet, sew, paint, painting, sketch, guitar, piano, hobby, hobbies, browse, blog, novel, museum,
        concert, festival, lego, puzzle, miniatures, photo, photos, collage, wine, beer, brew, recipe, recipes,
        bake, fishing, bike ride, hike, birdwatching, telescope, garden centre, try out, learn, fun, trilogy,
        documentary, comic, bookmark, bookmarks, newsletter, article, sudoku, chess, gaming, playstation, xbox,
        switch game, steam sale, anime, manga, youtube, spotify, ebook, kindle, audiobook, audiobooks, magazine,
        zine, craft, crafts, woodwork, whittle, pottery, calligraphy, origami, embroidery, quilting, quilt, ukulele,
        drums, violin, choir, dance class, salsa, karaoke, trivia, quiz night, pub quiz, surf, surfing, ski, skiing,
        climbing, bouldering, yoga, jog, parkrun, stargazing, geocaching, genealogy, family tree, ancestry, stamps,
        coins, collection, model train, model trains, homebrew, sourdough, garden gnome, sunflower, terrarium,
        aquarium, cosplay, tattoo, souvenirs, holiday photos, photo album, scrapbook
        """,
    ),
    _group(
        "tidying",
        -0.55,
        """
        tidy, tidy up, clean up, cleanup, clean, declutter, organise, organize, sort, sort out, rename, refactor,
        refactoring, typo, typos, cosmetic, polish, prune, archive, reorganise, reorganize, alphabetise, dust,
        hoover, vacuum, sweep, mop, wipe, label, labels, defrost, descale, iron, ironing, wash, laundry, mow, weed,
        rake, repot, wardrobe, shelf, shelves, attic, loft, shed, drawer, drawers, old, unused, deprecated, dead
        code, formatting, readme, javadoc, comment, comments, whitespace, style, lint, tech debt, wiki, docs,
        documentation, spelling, nit, nitpick, spam, bins, minor, trivial, unsubscribe, reformat, reformatting,
        linting, restructure, tidying, housekeeping, clear out, clear-out, spring clean, empty bin, empty the bin,
        take out trash, trash, recycling, compost, scrub, rinse, dishes, dishwasher, fold, hang up, rehang, repaint,
        repainting, varnish, sand, oil the, squeaky, wobbly, scuffed, chipped paint, doormat, curtain, desktop,
        bookmarks folder, old files, old emails, old photos, duplicate files, rename files, folder, folders, legacy,
        obsolete, naming, todo comments, magic numbers, warnings, compiler warning, deprecation, alphabetize, polish
        shoes, windows, oven, fridge, freezer, gutters, hedge, mulch, deadhead, greenhouse glass, garage
        """,
    ),
    _group(
        "exploring",
        -0.2,
        """
        look into, look at, think about, consider, research, explore, investigate, compare, experiment, prototype,
        spike, play with, play around, brainstorm, evaluate, find out, check out, see if, wonder, new desk, upgrade,
        improve, improvement, optimise, optimize, enhance, add support, support for, feature request, redesign,
        ideas for, plan, template, colour, color, logo, curious, curious about, learn about, read up, read up on,
        watch a talk, poc, proof of concept, alternatives, try, trial, test out, someday try, survey, poll, feedback
        form, questionnaire, suggestion, suggestions, inspiration, moodboard, mood board, dreams, sketch out, draft
        ideas, outline, revisit, reconsider, rethink, benchmark, comparison, wonder if, could we, should we, what
        if, evaluate switching, migrate to, switch to, newer version, nicer, prettier, fancier, avatar, banner,
        badge, sticker, stickers, emoji, swag, t-shirt, t-shirts, merch, theme, font, fonts, icon, icons, animation,
        tooltip
        """,
    ),
    _group(
        "errand",
        -0.2,
        """
        buy, groceries, shopping, order, pick up, return, library, post office, haircut, pick, top up, water plants,
        car wash, meal plan, gift, present, card, souvenir, batteries, light bulb, bulbs, curtains, cushion, candle,
        mug, poster, frame, milk, bread, eggs, coffee beans, shampoo, toothpaste, socks, pillow, lamp, hoover bags,
        bin bags, printer paper, ink, stationery, pens, notebook, umbrella, phone case, charger, cable, headphones,
        sneakers, jeans, jumper, hat, wrapping paper, voucher book, tip run, recycling run, dry cleaner, dry
        cleaning, drop off, donate, charity shop, parcel drop, collect parcel, car park, window cleaner, hang
        picture, assemble, flat pack
        """,
    ),
    _group(
        "social",
        -0.35,
        """
        party, drinks, pub, beers, brunch, bbq, barbecue, picnic, takeaway, game night, board game, board games,
        movie night, film night, cinema, night out, lunch with, dinner with, coffee with, coffee, catch up,
        catch-up, meet up, meetup, hang out, hangout, reunion, team lunch, team event, offsite fun, secret santa,
        potluck, karaoke night, football with, tennis with, gossip, postcard, postcards, christmas card, christmas
        cards, thank you note, thank-you note, facebook, instagram, tiktok, pinterest, linkedin, twitter, social
        media, likes, followers, hashtag, reel, networking, alumni, mixer, happy hour, club night, fantasy league,
        raffle, fete, tombola
        """,
    ),
    _group(
        # Everyday phrases that hold a cue's word and mean nothing of the kind.
        "neutral",
        0.0,
        """
        write down, note down, jot down, calm down, sit down, lie down, slow down, cut down, turn down, track down,
        settle down, wind down, scale down, narrow down, drop down, hand down, pass down, down payment, down jacket,
        upside down, count down, sit down with, late shift, late shifts, late night, book club, photo id, crash
        course, smoke test, smoke tests, chest of drawers, heart rate, shock absorber, fire pit, fire up, camp fire,
        bank holiday, train station, pain au chocolat, medicine ball, error handling, error message, error messages,
        fine tune, fine-tune, fine tuning, now and then, now playing, later today, test results page, card game,
        card games
        """,
    ),
)
