from labs.models.declarations import Declaration
from labs.models.deployments import Deployment, RollbackProcedure
from labs.models.facilities import Annex, Facility
from labs.models.inventories import AcceleratorModel, Inventory, InventoryLine
from labs.models.readings import ImportRun, Quarantine, Reading
from labs.models.releases import OpenWeightRelease
from labs.models.runs import TrainingRun

__all__ = [
    "AcceleratorModel",
    "Annex",
    "Declaration",
    "Deployment",
    "Facility",
    "ImportRun",
    "Inventory",
    "InventoryLine",
    "OpenWeightRelease",
    "Quarantine",
    "Reading",
    "RollbackProcedure",
    "TrainingRun",
]
