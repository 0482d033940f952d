from treaty.models.parties import Accreditation, Party
from treaty.models.texts import TreatyText

__all__ = ["Accreditation", "Party", "TreatyText"]
