"""Names of the seeded company's parties and products: constants that mappings, tests and demos rely on."""

from __future__ import annotations

CUSTOMERS = (
    "Abbott & Sons Builders", "Ashdown Garden Centre", "Barlow Hardware", "Beacon Hill Estates",
    "Birch & Bramble", "Blackwater Boatyard", "Brightside Decorators", "Brookfield Academy Trust",
    "Calder Valley Stores", "Castle Street DIY", "Chalk Farm Joinery", "Clyde Electrical Supplies",
    "Copperfield Interiors", "Cross Keys Hotel", "Dalton Property Care", "Deepdale Nurseries",
    "Driftwood & Co", "Eastgate Tool Hire", "Elm Tree Landscapes", "Fairweather Roofing",
    "Fenwick & Daughters", "Foxglove Florists", "Garden O'Clock", "Glen Affric Lodges",
    "Granite City Trade Centre", "Greenacre Allotments", "Hallam Fabrication", "Hartwell Kitchens",
    "Hawthorn Housing", "Heron Marine Services", "Ivy Lane Nursery School", "Jubilee Market Stalls",
    "Kestrel Facilities", "Kingsway Painters", "Larkspur Events", "Lochside Ironmongers",
    "Łódź Polish Delicatessen", "Maple & Moss", "Merchant City Lofts", "Millbrook Farm Shop",
    "Müller Workshops", "Northgate Electricals", "O'Brien's Timber Yard", "Old Mill Brewery",
    "Orchard View Care Home", "Pennine Fencing", "Quayside Restorations", "Ravenscroft Theatre",
    "Atelier Lumière Lille", "Stonebridge Liquidations", "Tannery Row Studios", "Thistle & Thyme",
    "Upton Village Hall", "Victoria Park Rangers", "Weaver's Cottage Crafts", "Whitby Sea Cadets",
    "York Road Supplies North", "York Road Supplies South", "青山 Garden Design", "Zephyr Pop-up Stores",
)  # fmt: skip

SUPPLIERS = (
    "Albion Paint Works", "Anvil Hand Tools", "Aurora Lighting", "Bexley Fasteners",
    "Blue Ridge Abrasives", "Caledonian Freight Lines", "Carr & Holt Brushes", "Drummond Cable",
    "Dunlin Garden Machinery", "Evergreen Composts", "Firth Switchgear", "Forge & Fettle",
    "Gresham Office Supplies", "Harrow Seeds", "Heath Lane Advertising", "Ingram Adhesives",
    "Irwell Packaging", "Jackson's Ladders", "Kelvin Batteries", "Langley Pipe Fittings",
    "Lister & Reid Varnishes", "Meridian Power Tools", "Nordvik Værktøj", "Oakham Hosepipes",
    "Parr Street Print", "Pentland Pottery", "Quantock Quarry Products", "Redcar Steelworks",
    "Severn Side Solvents", "Solway Safety Wear", "Tamar Timber", "Trent Sockets & Plugs",
    "Ulverston Rope Company", "Vale of Belvoir Bulbs", "Wessex Workwear", "Cascade Imports Inc",
    "Yeoman Pallets", "Zenith Cleaning Services", "Apex Consignments", "Bramley Sundries",
)  # fmt: skip

STREETS = (
    "Mill Lane",
    "Station Road",
    "High Street",
    "Quay Street",
    "Church Row",
    "Victoria Road",
    "Bridge End",
)
TOWNS = (("London", "N1 7GU"), ("Manchester", "M4 1HN"), ("Glasgow", "G1 1HL"), ("Leeds", "LS1 4AP"))
FIRST_NAMES = (
    "Amir",
    "Beth",
    "Callum",
    "Dina",
    "Ewan",
    "Farah",
    "Gwen",
    "Harry",
    "Isla",
    "José",
    "Kate",
    "Liam",
)
LAST_NAMES = (
    "Archer",
    "Boyd",
    "Carter",
    "Dixon",
    "Ellis",
    "Frost",
    "Grant",
    "Hughes",
    "Irving",
    "Kaya",
    "Löwe",
)

PRODUCTS = {
    "Tools": (
        ("Claw hammer", "Mallet", "Wood chisel", "Hand saw", "Spirit level", "Tape measure", "Cordless drill",
         "Socket set", "Bench vice", "Clamp"),
        ("small", "medium", "large", "professional", "twin pack"),
    ),
    "Garden": (
        ("Secateurs", "Border fork", "Digging spade", "Hosepipe", "Watering can", "Leaf rake", "Planter",
         "Bird table", "Cold frame", "Wheelbarrow"),
        ("classic", "compact", "heavy duty", "green", "gift boxed"),
    ),
    "Paint": (
        ("Matt emulsion", "Silk emulsion", "Gloss", "Undercoat", "Masonry paint", "Wood stain", "Varnish",
         "Metal primer", "Floor paint", "Damp seal"),
        ("0.75 l", "1 l", "2.5 l", "5 l", "10 l"),
    ),
    "Electric": (
        ("Double socket", "Light switch", "Junction box", "LED panel", "Extension lead", "Flood light",
         "Door bell", "Smoke alarm", "Timer plug", "Cable drum"),
        ("white", "black", "brushed steel", "outdoor", "box of 4"),
    ),
}  # fmt: skip
