"""Queries and analytics put together: what pages and reports show, without Streamlit."""

from dashboard.studies.break_even import BreakEvenStudy, break_even_study
from dashboard.studies.break_even_rows import Assumptions
from dashboard.studies.co_movement import CoMovementStudy, co_movement_study
from dashboard.studies.contagion import ContagionStudy, contagion_study
from dashboard.studies.lead_lag import LeadLagStudy, lead_lag_study
from dashboard.studies.market import MarketStudy, market_study
from dashboard.studies.notes import Note
from dashboard.studies.robustness import RobustnessStudy, robustness_study
from dashboard.studies.waves import WaveStudy, wave_study

__all__ = [
    "Assumptions",
    "BreakEvenStudy",
    "CoMovementStudy",
    "ContagionStudy",
    "LeadLagStudy",
    "MarketStudy",
    "Note",
    "RobustnessStudy",
    "WaveStudy",
    "break_even_study",
    "co_movement_study",
    "contagion_study",
    "lead_lag_study",
    "market_study",
    "robustness_study",
    "wave_study",
]
