"""A registry on loopback that answers as told, faults included, and records made up in the shape of real ones."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import contextmanager
from copy import deepcopy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

BASE: dict[str, Any] = {
    "protocolSection": {
        "identificationModule": {
            "nctId": "NCT00000001",
            "orgStudyIdInfo": {"id": "TINY-1"},
            "secondaryIdInfos": [
                {"id": "2000-000001-12", "type": "EUDRACT_NUMBER"},
                {"id": "HREC/13/99", "type": "OTHER", "domain": "A hospital"},
            ],
            "organization": {"fullName": "Example Hospital", "class": "OTHER"},
            "briefTitle": "Tiny Trial of Ad.Example in Pleural Mesothelioma",
            "officialTitle": "A Phase 1 Trial of Intrapleural Ad.Example in Patients With Malignant Pleural Mesothelioma",
            "acronym": "TINY",
        },
        "statusModule": {
            "statusVerifiedDate": "2003-02",
            "overallStatus": "TERMINATED",
            "whyStopped": "Slow enrolment | no supply",
            "startDateStruct": {"date": "2000-03-15", "type": "ACTUAL"},
            "primaryCompletionDateStruct": {"date": "2003-01", "type": "ACTUAL"},
            "completionDateStruct": {"date": "2003-06", "type": "ESTIMATED"},
            "studyFirstSubmitDate": "2000-01-02",
            "lastUpdateSubmitDate": "2003-02-10",
            "lastUpdatePostDateStruct": {"date": "2003-02-12", "type": "ESTIMATED"},
        },
        "sponsorCollaboratorsModule": {
            "leadSponsor": {"name": "Another Sponsor, Inc.", "class": "INDUSTRY"},
            "collaborators": [{"name": "Example Hospital", "class": "OTHER"}],
        },
        "descriptionModule": {"briefSummary": "Ad.Example is an adenoviral vector with a gene."},
        "conditionsModule": {"conditions": ["Malignant Pleural Mesothelioma", "Something Rare"], "keywords": ["gene therapy"]},
        "designModule": {
            "studyType": "INTERVENTIONAL",
            "phases": ["PHASE1", "PHASE2"],
            "designInfo": {
                "allocation": "NON_RANDOMIZED",
                "interventionModel": "SEQUENTIAL",
                "primaryPurpose": "TREATMENT",
                "maskingInfo": {"masking": "NONE"},
            },
            "enrollmentInfo": {"count": 21, "type": "ACTUAL"},
        },
        "armsInterventionsModule": {
            "armGroups": [
                {
                    "label": "Low dose",
                    "type": "EXPERIMENTAL",
                    "description": "One dose",
                    "interventionNames": ["Biological: Ad.Example", "Drug: Unknownamab"],
                }
            ],
            "interventions": [
                {"type": "BIOLOGICAL", "name": "Ad.Example", "armGroupLabels": ["Low dose"], "otherNames": ["AdEx"]},
                {"type": "DRUG", "name": "Unknownamab", "armGroupLabels": ["Low dose"]},
            ],
        },
        "eligibilityModule": {"eligibilityCriteria": "Inclusion Criteria:\n\n* adults\n\nExclusion Criteria:\n\n* earlier gene therapy"},
        "contactsLocationsModule": {
            "locations": [{"city": "Here", "country": "United States"}, {"city": "There", "country": "Atlantis"}]
        },
        "referencesModule": {
            "references": [
                {"pmid": "7", "type": "RESULT", "citation": "Example A, Other B. A result. J Ex. 2004;1:1-2."},
                {"pmid": "8", "type": "BACKGROUND", "citation": "Old C. Background. J Ex. 1990;1:1."},
            ]
        },
    },
    "hasResults": False,
}

RESULTS: dict[str, Any] = {
    "participantFlowModule": {
        "groups": [{"id": "FG000", "title": "Low dose", "description": "One dose"}, {"id": "FG001", "title": "High dose"}],
        "periods": [
            {
                "title": "Overall Study",
                "milestones": [
                    {
                        "type": "STARTED",
                        "achievements": [{"groupId": "FG000", "numSubjects": "12"}, {"groupId": "FG001", "numSubjects": "9"}],
                    },
                    {"type": "COMPLETED", "achievements": [{"groupId": "FG000", "numSubjects": "0"}]},
                ],
                "dropWithdraws": [{"type": "Death", "reasons": [{"groupId": "FG001", "numSubjects": "2"}]}],
            }
        ],
    },
    "outcomeMeasuresModule": {
        "outcomeMeasures": [
            {
                "type": "PRIMARY",
                "title": "Median Overall Survival",
                "timeFrame": "3 years",
                "populationDescription": "all treated",
                "reportingStatus": "POSTED",
                "paramType": "MEDIAN",
                "dispersionType": "95% Confidence Interval",
                "unitOfMeasure": "months",
                "groups": [{"id": "OG000", "title": "Low dose"}, {"id": "OG001", "title": "High dose"}],
                "denoms": [{"units": "Participants", "counts": [{"groupId": "OG000", "value": "12"}, {"groupId": "OG001", "value": "9"}]}],
                "classes": [
                    {
                        "categories": [
                            {
                                "measurements": [
                                    {"groupId": "OG000", "value": "13.5", "lowerLimit": "9.1", "upperLimit": "NA", "comment": "not reached"},
                                    {"groupId": "OG001", "value": "NA"},
                                ]
                            }
                        ]
                    }
                ],
                "analyses": [
                    {
                        "groupIds": ["OG000", "OG001"],
                        "pValue": "<0.0001",
                        "statisticalMethod": "Log Rank",
                        "paramType": "Hazard Ratio (HR)",
                        "paramValue": "0.71",
                        "ciPctValue": "95",
                        "ciLowerLimit": "0.55",
                        "ciUpperLimit": "0.92",
                    }
                ],
            },
            {
                "type": "SECONDARY",
                "title": "Objective Response by modified RECIST",
                "timeFrame": "1 year",
                "reportingStatus": "POSTED",
                "paramType": "COUNT_OF_PARTICIPANTS",
                "unitOfMeasure": "Participants",
                "groups": [{"id": "OG000", "title": "Low dose"}],
                "denoms": [{"units": "Participants", "counts": [{"groupId": "OG000", "value": "12"}]}],
                "classes": [{"categories": [{"measurements": [{"groupId": "OG000", "value": "0"}]}]}],
            },
            {"type": "SECONDARY", "title": "Quality of Life", "timeFrame": "1 year", "reportingStatus": "NOT_POSTED"},
        ]
    },
    "adverseEventsModule": {
        "timeFrame": "3 years",
        "eventGroups": [
            {"id": "EG000", "title": "Low dose", "seriousNumAffected": 1, "seriousNumAtRisk": 12, "deathsNumAffected": 0, "deathsNumAtRisk": 12}
        ],
        "seriousEvents": [
            {"term": "Fever", "organSystem": "General disorders", "stats": [{"groupId": "EG000", "numEvents": 2, "numAffected": 1, "numAtRisk": 12}]}
        ],
    },
}


def study(nct: str = "NCT00000001", *, results: bool = False, **changes: Any) -> dict[str, Any]:
    """A made-up study; ``statusModule__overallStatus="COMPLETED"`` changes a field, None removes it."""
    made = deepcopy(BASE)
    protocol = made["protocolSection"]
    protocol["identificationModule"]["nctId"] = nct
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = protocol
        for name in parents:
            place = place.setdefault(name, {})
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
    if results:
        made["resultsSection"] = deepcopy(RESULTS)
        made["hasResults"] = True
    return made


Answer = tuple[int, dict[str, str], bytes]
Handler = Callable[[str, dict[str, str], "FakeRegistry"], "Answer | None"]


class FakeRegistry:
    """What the server was asked, and how it answers. A handler that returns None has written to the socket itself."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.asked: list[str] = []
        self.agents: list[str] = []
        self.url = ""
        self.raw: Any = None


@contextmanager
def serving(handler: Handler):
    """Run the registry on a free port of loopback."""
    registry = FakeRegistry(handler)

    class _Http(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            registry.asked.append(self.path)
            registry.agents.append(self.headers.get("User-Agent", ""))
            parts = urlsplit(self.path)
            query = {k: v[0] for k, v in parse_qs(parts.query).items()}
            registry.raw = self
            answer = registry.handler(parts.path, query, registry)
            if answer is None:
                self.close_connection = True
                return
            status, headers, body = answer
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if "Content-Length" not in headers:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                self.close_connection = True

        def log_message(self, *args: object) -> None:
            pass

    class _Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            pass  # the client hung up, as some tests want

    server = _Server(("127.0.0.1", 0), _Http)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    registry.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def ok(value: Any) -> Answer:
    """A JSON answer."""
    return 200, {"Content-Type": "application/json"}, json.dumps(value).encode()


def page(*studies: dict[str, Any], token: str = "") -> Answer:
    """A page of studies."""
    return ok({"studies": list(studies)} | ({"nextPageToken": token} if token else {}))
