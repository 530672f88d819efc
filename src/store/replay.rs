//! The rules behind stored transfers: each one applied to what those before it gave.

use std::collections::HashMap;

use super::book::{Balance, Balances, Cause, Hold, Kind, LedgerAccount, Link, Transfer};
use super::error::LedgerError;
use crate::ids::GenerationId;

/// Balances and open holds, derived from the transfers alone.
#[derive(Debug, Default)]
pub(super) struct Replay {
    balances: Balances,
    seq: u64,
    /// The hold that the transfer before this one gave back.
    voided: Option<(GenerationId, Hold)>,
    /// Holds whose estimates are booked as our loss.
    orphans: HashMap<GenerationId, Hold>,
    /// Of those, the ones that were taken back and may be charged once.
    found: HashMap<GenerationId, Hold>,
    /// The deposit whose fee comes next.
    deposit: Option<Cause>,
}

impl Replay {
    /// Applies the next transfer.
    pub(super) fn apply(&mut self, link: &Link) -> Result<(), LedgerError> {
        self.seq = link.transfer.seq;
        let seq = self.seq;
        self.try_apply(link)
            .map_err(|reason| LedgerError::Impossible { seq, reason })
    }

    /// The balances after the last transfer, which must not leave half a deposit.
    pub(super) fn finish(self) -> Result<Balances, LedgerError> {
        match self.deposit {
            Some(_) => Err(LedgerError::Sequence {
                expected: self.seq.saturating_add(1),
            }),
            None => Ok(self.balances),
        }
    }

    /// The same as [`Replay::apply`]; an error names the rule that the transfer breaks.
    fn try_apply(&mut self, link: &Link) -> Result<(), &'static str> {
        let transfer = &link.transfer;
        if transfer.amount.get() < 0 {
            return Err("its amount is negative");
        }
        let (voided, deposit) = (self.voided.take(), self.deposit.take());
        if deposit.is_some() && transfer.kind != Kind::DepositFee {
            return Err("the fee of the deposit before it is missing");
        }
        match &transfer.kind {
            Kind::Hold { .. } => self.hold(link)?,
            Kind::Extend { number } => self.extend(transfer, *number)?,
            Kind::Void => self.voided = Some(self.void(transfer)?),
            Kind::Post => {
                self.close(transfer)?;
                self.post(transfer);
            }
            Kind::Orphan => {
                let (generation, hold) = voided.ok_or("it orphans no hold")?;
                if transfer.generation() != Some(generation) || transfer.amount != hold.amount {
                    return Err("it books another loss than the hold that was given back");
                }
                self.orphans.insert(generation, hold);
                self.between(transfer, &LedgerAccount::LossOrphan, Place::Debit)?;
            }
            Kind::Correction => {
                let (generation, hold) = take(&mut self.orphans, transfer)?;
                if transfer.amount != hold.amount || transfer.debit != hold.creditor {
                    return Err("it takes back another loss than was booked");
                }
                self.found.insert(generation, hold);
                self.between(transfer, &LedgerAccount::LossOrphan, Place::Credit)?;
            }
            Kind::Late => {
                let (_, hold) = take(&mut self.found, transfer)?;
                if transfer.debit != hold.user() {
                    return Err("it charges another customer than held");
                }
                self.post(transfer);
            }
            Kind::Grant => self.between(transfer, &LedgerAccount::Goodwill, Place::Debit)?,
            Kind::Overrun => self.between(transfer, &LedgerAccount::LossOverrun, Place::Debit)?,
            Kind::Failed => self.between(transfer, &LedgerAccount::LossFailed, Place::Debit)?,
            Kind::Uncovered => self.between(transfer, &LedgerAccount::LossRefund, Place::Debit)?,
            Kind::Deposit => {
                self.deposit = Some(transfer.cause.clone());
                self.between(transfer, &LedgerAccount::CashStripe, Place::Debit)?;
            }
            Kind::DepositFee => {
                if deposit.as_ref() != Some(&transfer.cause)
                    || transfer.debit != LedgerAccount::CashStripe
                {
                    return Err("it is the fee of no deposit");
                }
                self.between(transfer, &LedgerAccount::Fee, Place::Credit)?;
            }
            Kind::Refund | Kind::Dispute => {
                self.between(transfer, &LedgerAccount::CashStripe, Place::Credit)?;
            }
            Kind::Reinstated => {
                self.between(transfer, &LedgerAccount::CashStripe, Place::Debit)?;
            }
            Kind::Recovered => {
                if transfer.debit != LedgerAccount::CashStripe {
                    return Err("it makes a loss good with other money than the processor's");
                }
                self.between(transfer, &LedgerAccount::LossRefund, Place::Credit)?;
            }
            Kind::Adjust => self.adjust(transfer)?,
        }
        if transfer.debit.customer().is_some()
            && self.balances.of(&transfer.debit).available().get() < 0
        {
            return Err("it takes a customer below zero");
        }
        Ok(())
    }

    /// A customer's balance, or another account's, after the transfers so far.
    pub(super) fn balance(&self, account: &LedgerAccount) -> Balance {
        self.balances.of(account)
    }

    fn hold(&mut self, link: &Link) -> Result<(), &'static str> {
        let (generation, hold) = Hold::opened_by(link).ok_or("it holds for no generation")?;
        if self.balances.hold(generation).is_some() {
            return Err("its generation has a hold already");
        }
        self.balances.open(generation, hold);
        Ok(())
    }

    fn extend(&mut self, transfer: &Transfer, number: u32) -> Result<(), &'static str> {
        let generation = transfer.generation().ok_or("it extends no hold")?;
        let hold = self
            .balances
            .hold(generation)
            .ok_or("its generation has no open hold")?;
        if hold.user() != transfer.debit || hold.creditor != transfer.credit {
            return Err("it extends another hold");
        }
        if number <= hold.extended {
            return Err("it was made before");
        }
        self.balances.enlarge(generation, number, transfer.amount);
        Ok(())
    }

    fn void(&mut self, transfer: &Transfer) -> Result<(GenerationId, Hold), &'static str> {
        let (generation, hold) = self.close(transfer)?;
        if hold.amount != transfer.amount {
            return Err("it gives back another amount than was held");
        }
        Ok((generation, hold))
    }

    fn close(&mut self, transfer: &Transfer) -> Result<(GenerationId, Hold), &'static str> {
        let generation = transfer.generation();
        let (generation, hold) = generation
            .and_then(|generation| Some((generation, self.balances.close(generation)?)))
            .ok_or("its generation has no open hold")?;
        if hold.user() != transfer.debit {
            return Err("it ends another customer's hold");
        }
        Ok((generation, hold))
    }

    fn adjust(&mut self, transfer: &Transfer) -> Result<(), &'static str> {
        let place = if transfer.debit == LedgerAccount::Goodwill {
            Place::Debit
        } else {
            Place::Credit
        };
        self.between(transfer, &LedgerAccount::Goodwill, place)
    }

    /// Moves money when one side is this account.
    fn between(
        &mut self,
        transfer: &Transfer,
        account: &LedgerAccount,
        place: Place,
    ) -> Result<(), &'static str> {
        let side = match place {
            Place::Debit => &transfer.debit,
            Place::Credit => &transfer.credit,
        };
        if side != account {
            return Err("it moves money between other accounts than its kind does");
        }
        self.post(transfer);
        Ok(())
    }

    fn post(&mut self, transfer: &Transfer) {
        self.balances
            .post(&transfer.debit, &transfer.credit, transfer.amount);
    }
}

/// A side of a transfer.
enum Place {
    Debit,
    Credit,
}

fn take(
    holds: &mut HashMap<GenerationId, Hold>,
    transfer: &Transfer,
) -> Result<(GenerationId, Hold), &'static str> {
    let generation = transfer.generation();
    generation
        .and_then(|generation| Some((generation, holds.remove(&generation)?)))
        .ok_or("its generation has no expired hold")
}

#[cfg(test)]
#[path = "replay_tests.rs"]
mod tests;
