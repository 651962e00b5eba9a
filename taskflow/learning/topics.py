"""Subjects of everyday tasks: a small hand-written thesaurus.

It lets a decision about "dentist" say something about "check-up" before the person has used both words. Words are
compared by their stems (`taskflow.domain.cues.stem`). A word may belong to several topics.
"""

from collections.abc import Iterable
from functools import cache

from taskflow.domain.cues import stem

TOPICS: dict[str, str] = {
    "illness": """
        sick ill fever cough rash pain hurt bleed swollen vomit infection symptom migraine headache dizzy wheezy
        asthma allergy allergic limping bite wound bruise concussion fell broken wrist ankle lump breathing
        diarrhoea flu covid toothache unwell
        """,
    "care": """
        doctor gp hospital clinic nurse dentist orthodontist physio therapist checkup check-up appointment scan xray
        mri vaccine vaccination jab smear screening blood test optician pediatrician specialist surgery referral
        consultant midwife counsellor
        """,
    "medicine": """
        medicine medication meds pills tablet dose prescription pharmacy antibiotics insulin inhaler refill
        painkiller ibuprofen paracetamol vitamins ointment drops warfarin statin antihistamine epipen supplements
        """,
    "animals": """
        vet dog cat puppy kitten horse cow cattle sheep ewe lamb calf calves hen chicken pig goat fish tank rabbit
        hamster worming flea kennel litter leash paddock herd flock feed hay hoof shearing farrier parrot bees hive
        """,
    "children": """
        kid kids child children baby toddler son daughter nursery daycare babysitter homework pe playdate birthday
        party nappies pushchair crib school teacher recess stroller grandkids grandson granddaughter bedtime
        """,
    "elders": """
        mum mom dad mother father grandma granny grandpa grandad nan aunt uncle parents in-laws carer care home oma
        opa
        """,
    "partner": """
        wife husband partner girlfriend boyfriend anniversary fiance spouse date night wedding engagement
        """,
    "friends": """
        friend friends neighbour neighbor pub reunion catch up coffee drinks dinner party guests host visit postcard
        thank gift present shower card birthday
        """,
    "school": """
        school class lesson teacher parents evening pta uniform trip homework term reading play recital sports day
        """,
    "study": """
        exam midterm final essay assignment coursework thesis dissertation lecture seminar tutorial lab problem set
        quiz module revision flashcards notes chapter professor supervisor tutor semester syllabus presentation
        group project deadline study
        """,
    "research": """
        paper manuscript reviewer revision grant proposal experiment dataset figure citation conference abstract
        poster journal camera-ready samples assay protocol ethics irb lab postdoc phd literature preprint rebuttal
        simulation
        """,
    "teaching": """
        grade grading marking lesson plan class students pupil report cards parents conference worksheet curriculum
        exam
        """,
    "cleaning": """
        clean tidy hoover vacuum mop dust wipe scrub wash laundry iron dishes bins trash recycling declutter
        bathroom oven windows fridge dishwasher sheets towels sweep descale limescale garage attic wardrobe cupboard
        drawer
        """,
    "repair": """
        repair fix leak leaking tap boiler heating radiator pipe drain blocked socket wiring fuse roof gutter
        plumber electrician joiner handyman door hinge lock broken window fence tile plaster damp mould washing
        machine thermostat
        """,
    "renovation": """
        paint wall kitchen bathroom tiles floor carpet curtains shelf shelves furniture ikea lamp sofa desk
        wallpaper decorate skirting sand varnish refit
        """,
    "garden": """
        garden lawn mow weed plant plants seeds seedlings bulbs prune hedge compost greenhouse tomatoes potatoes
        roses rake leaves allotment mulch slug watering repot pots shed trellis orchard
        """,
    "farm": """
        tractor combine harvest drill sow spray fertiliser slurry silage barn field crop wheat barley maize subsidy
        ear tags movement calving lambing milk tank trough fencing gate hay bale grain
        """,
    "food": """
        cook bake recipe dinner lunch breakfast groceries supermarket shopping list meal plan freezer cake bread
        sourdough milk eggs jam chutney slow cooker bbq menu leftovers
        """,
    "kitchen_trade": """
        menu chef supplier fryer walk-in cold room allergen prep covers table booking reservation stock delivery
        waiter hygiene inspection kitchen bar cellar keg coffee machine
        """,
    "purchase": """
        buy order purchase amazon shop shopping shoes coat jacket jeans voucher sale discount warranty return parcel
        refund present gadget headphones printer ink batteries charger phone case
        """,
    "bills": """
        bill rent electricity gas water broadband internet phone mobile council tax mortgage direct debit standing
        order meter utility subscription tariff insurance renewal premium energy
        """,
    "tax": """
        tax vat hmrc irs return accountant bookkeeping receipts ledger quarter year-end expenses payroll paye
        deduction filing
        """,
    "invoicing": """
        invoice quote estimate payment overdue client deposit purchase order po receipt billing remittance credit
        note dunning statement supplier
        """,
    "savings": """
        savings pension isa investment stocks shares fund interest budget spreadsheet bank account card loan debt
        credit
        """,
    "paperwork": """
        form forms passport visa licence license permit certificate registration renew renewal application document
        scan signature notary letter letters post council benefit dmv embassy consulate id proof
        """,
    "court": """
        court hearing judge filing motion brief deposition witness affidavit discovery settlement opposing counsel
        client statute limitation appeal injunction pleading trial docket tribunal disclosure bundle
        """,
    "contracts": """
        contract agreement nda clause redline signature negotiate terms lease licence counterparty due diligence
        closing deal amendment
        """,
    "car": """
        car van truck mot tyres tires oil brake garage mechanic service fuel petrol insurance parking ticket fine
        licence windscreen wipers clutch battery registration inspection bike bicycle puncture
        """,
    "travel": """
        flight flights train hotel booking trip holiday vacation airport passport visa luggage suitcase packing
        itinerary airbnb ferry campsite tickets hostel boarding check-in travel insurance currency
        """,
    "meeting": """
        meeting call sync standup 1:1 agenda minutes slides deck review weekly monthly offsite workshop invite
        calendar retro kickoff townhall allhands demo briefing guild committee
        """,
    "mail": """
        reply email mail answer write respond message letter call phone ring text follow up chase inbox voicemail
        """,
    "hiring": """
        interview candidate cv resume offer onboarding job posting recruiter hiring reference probation shortlist
        applicant headcount references starter induction
        """,
    "personnel": """
        payroll leave holiday request sick note absence grievance disciplinary appraisal performance review
        promotion raise rota roster shift swap cover overtime timesheet union comp training mandatory handbook
        policy redundancy resignation
        """,
    "ward": """
        ward patient bed handover drug chart discharge palliative obs iv matron bay round resus audit falls shift
        bleep triage
        """,
    "incident": """
        outage down incident pager alert alerts 5xx error rate latency failover rollback hotfix degraded lag
        postmortem sev1 oncall on-call timeouts oom crash loop prod production customers page disk full
        """,
    "operations": """
        server cluster kubernetes terraform deploy deployment database db backup restore migration capacity dns cert
        certificate nginx kafka redis disk monitoring grafana dashboard runbook upgrade cron vm aws s3 network vpn
        firewall
        """,
    "code": """
        bug refactor test tests ci build pipeline merge branch pr pull request review code api endpoint feature flag
        library dependency compile lint python java rust sdk null pointer exception class method unit flaky npe
        module function upgrade version
        """,
    "security": """
        cve vulnerability patch exploit password secret token rotate mfa 2fa phishing breach audit pentest access
        key leaked encryption ssl tls auth login permission gdpr privacy malware
        """,
    "docs": """
        docs documentation readme wiki runbook guide tutorial changelog typo comment javadoc howto onboarding faq
        adr spec
        """,
    "design": """
        design mockup figma logo font icon colour color layout sprite animation shader texture concept sketch ui ux
        banner flyer poster brand art palette
        """,
    "games": """
        level boss player quest save file steam build playtest trailer demo store page controller fps frame rate
        physics npc achievement multiplayer lobby console certification publisher patch notes launch engine unity
        """,
    "marketing": """
        newsletter campaign seo ads instagram post social media website blog launch press release landing page copy
        analytics promo followers flyer hashtag sponsor
        """,
    "selling": """
        customer order shipment stock inventory supplier return refund shop window till pos delivery courier
        wholesale price complaint display season shelf catalogue market stall preorder etsy
        """,
    "building_site": """
        site job customer boiler bathroom quote materials merchant pipe fitting valve cylinder gas certificate
        inspection sign-off scaffold skip apprentice van tools callout pump drain blockage estimate pressure
        """,
    "volunteering": """
        charity volunteer fundraiser donation church choir club committee scouts council village hall raffle bake
        sale parish foodbank rota
        """,
    "sport": """
        gym run running yoga swim swimming parkrun bike ride climb football tennis training marathon physio match
        team kit coach stretch hike
        """,
    "reading": """
        read book books library article novel podcast watch film movie series documentary album listen blog magazine
        newsletter episode audiobook museum exhibition
        """,
    "hobby": """
        knit knitting cardigan wool yarn sew crochet guitar piano choir paint watercolour model miniature lego chess
        puzzle photography photos album birdwatching fishing pottery woodwork telescope stamp genealogy baking
        brewing crossword
        """,
    "gadgets": """
        laptop computer phone tablet router wifi backup printer app software update password cloud storage
        homeassistant raspberry tv remote photos icloud drive
        """,
    "safety": """
        smoke alarm fire extinguisher gas carbon monoxide hazard unsafe danger evacuation insurance emergency police
        stolen lost accident recall guard first aid risk assessment
        """,
    "ending": """
        expire expires expiry cancel cancellation trial subscription notice deadline closes lapse last renew
        autorenew terminate
        """,
    "ask": """
        ask whether who which what when why how should did
        """,
    "weekly_routine": """
        weekly daily monthly recurring routine every checklist usual again
        """,
}


@cache
def topics_of_stem(word: str) -> tuple[str, ...]:
    """The topics that a stemmed word belongs to."""
    return _index().get(word, ())


def count_topics(stems: Iterable[str]) -> dict[str, int]:
    """How many of the stems speak of each topic."""
    counts: dict[str, int] = {}
    for word in stems:
        for topic in topics_of_stem(word):
            counts[topic] = counts.get(topic, 0) + 1
    return counts


@cache
def _index() -> dict[str, tuple[str, ...]]:
    """Topics by stem."""
    index: dict[str, set[str]] = {}
    for topic, words in TOPICS.items():
        for word in words.split():
            index.setdefault(stem(word), set()).add(topic)
    return {word: tuple(sorted(topics)) for word, topics in index.items()}
